//! A packet and its bytes.

use std::collections::BTreeSet;

use super::{LONGEST, SIGNATURE, flag, number};

/// One thing that is said about a test, or about none.
///
/// ```
/// use dockertest::report::subunit::{Attachment, Packet, Status, Timestamp};
///
/// let packet = Packet {
///     time: Timestamp::from_micros(1_704_164_646_250_000),
///     tags: ["worker-0".to_owned()].into(),
///     status: Status::Success,
///     ..Packet::of_test("pkg.T.test_x")
/// };
/// assert_eq!(packet.encode()?.len(), 39);
/// # Ok::<(), dockertest::report::subunit::EncodeFailure>(())
/// ```
// Built with `..Packet::default()`, which leaves room for more: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Packet {
    /// The test; nothing for what belongs to none.
    pub test: Option<String>,
    /// What has become of the test.
    pub status: Status,
    /// When that was.
    pub time: Option<Timestamp>,
    /// Whether the test can be chosen and run by itself.
    pub runnable: bool,
    /// Words about the test. A packet without any says nothing about them.
    pub tags: BTreeSet<String>,
    /// A piece of something that was written.
    pub attachment: Option<Attachment>,
    /// The type of the attachment, for example `text/plain;charset=utf8`.
    pub mime: Option<String>,
    /// Whether nothing more will be attached under this name.
    pub eof: bool,
    /// The way that the packet came, for example `0/3`: each program that joins streams puts its label in front.
    pub route: Option<String>,
}

/// A piece of something that was written.
///
/// ```
/// use dockertest::report::subunit::{Attachment, Packet};
///
/// let attachment = Attachment { name: "stdout".to_owned(), bytes: b"hi\n".to_vec() };
/// let packet = Packet { attachment: Some(attachment), ..Packet::default() };
/// assert_eq!(packet.encode()?.len(), 19);
/// # Ok::<(), dockertest::report::subunit::EncodeFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment {
    /// The name of the whole; by custom `traceback`, `reason`, `stdout`, `stderr`.
    pub name: String,
    /// The piece.
    pub bytes: Vec<u8>,
}

/// What has become of a test.
///
/// ```
/// use dockertest::report::subunit::Status;
///
/// assert!(Status::Fail.is_final());
/// assert!(!Status::InProgress.is_final());
/// ```
// A packet has three bits for it, and these are their values: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Nothing is said about that.
    #[default]
    None,
    /// It can be run.
    Exists,
    /// It has started.
    InProgress,
    /// It has passed.
    Success,
    /// It has passed although a failure was expected.
    UnexpectedSuccess,
    /// It was not run, or not to its end, and that is all right.
    Skip,
    /// It has failed.
    Fail,
    /// It has failed as expected.
    ExpectedFailure,
}

impl Status {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Status; 8] = [
        Status::None,
        Status::Exists,
        Status::InProgress,
        Status::Success,
        Status::UnexpectedSuccess,
        Status::Skip,
        Status::Fail,
        Status::ExpectedFailure,
    ];

    /// Whether nothing more is to come of the test.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Status::None | Status::Exists | Status::InProgress)
    }

    const fn bits(self) -> u16 {
        match self {
            Status::None => 0,
            Status::Exists => 1,
            Status::InProgress => 2,
            Status::Success => 3,
            Status::UnexpectedSuccess => 4,
            Status::Skip => 5,
            Status::Fail => 6,
            Status::ExpectedFailure => 7,
        }
    }
}

/// A time of a packet, from 1970 to 2106.
///
/// ```
/// use dockertest::report::subunit::Timestamp;
///
/// let time = Timestamp::from_micros(1_704_164_645_678_901).expect("a time after 1970");
/// assert_eq!((time.seconds, time.nanoseconds), (1_704_164_645, 678_901_000));
/// assert_eq!(time.micros(), 1_704_164_645_678_901);
/// assert_eq!(Timestamp::from_micros(-1), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds since 1970-01-01 UTC.
    pub seconds: u32,
    /// What follows them.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// The time of so many microseconds since 1970-01-01 UTC; nothing when a packet cannot hold it.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Timestamp> {
        let seconds = u32::try_from(micros.div_euclid(1_000_000)).ok()?;
        let nanoseconds = u32::try_from(micros.rem_euclid(1_000_000) * 1000).ok()?;
        Some(Timestamp { seconds, nanoseconds })
    }

    /// Microseconds since 1970-01-01 UTC, rounded; of two that are equally near, the even one.
    #[must_use]
    pub fn micros(self) -> i64 {
        let nanoseconds = i64::from(self.nanoseconds);
        let (micros, rest) = (nanoseconds / 1000, nanoseconds % 1000);
        let up = rest > 500 || rest == 500 && micros % 2 == 1;
        i64::from(self.seconds) * 1_000_000 + micros + i64::from(up)
    }
}

/// A packet that cannot be written.
///
/// ```
/// use dockertest::report::subunit::Packet;
///
/// let failure = Packet::of_test("a\0b").encode().unwrap_err();
/// assert_eq!(failure.to_string(), "a test id in a packet of subunit cannot hold a NUL character");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeFailure {
    /// Texts end at a NUL for some readers.
    #[error("{what} in a packet of subunit cannot hold a NUL character")]
    Nul {
        /// Which text.
        what: &'static str,
    },
    /// It does not fit.
    #[error("a packet of subunit can have {LONGEST} bytes; send an attachment in pieces")]
    TooLong,
}

impl Packet {
    /// A packet about a test that can be run by itself; nothing is said about it yet.
    ///
    /// ```
    /// use dockertest::report::subunit::{Packet, Status};
    ///
    /// let packet = Packet { status: Status::Exists, ..Packet::of_test("foo") };
    /// assert_eq!(packet.encode()?, b"\xb3\x29\x01\x0c\x03foo\x08\x55\x5f\x1b");
    /// # Ok::<(), dockertest::report::subunit::EncodeFailure>(())
    /// ```
    #[must_use]
    pub fn of_test(test: impl Into<String>) -> Packet {
        Packet { test: Some(test.into()), runnable: true, ..Packet::default() }
    }

    /// The bytes of the packet.
    ///
    /// # Errors
    /// When it is too long, or a text holds what no text can.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeFailure> {
        let body = self.body()?;
        // The length counts itself, so its size moves where it grows.
        let others = 3 + body.len() + 4;
        let length = [1, 2, 3].into_iter().map(|size| (size, others + size)).find(|(size, length)| match size {
            1 => *length < 0x40,
            2 => *length < 0x4000,
            _ => *length <= LONGEST,
        });
        let (_, length) = length.ok_or(EncodeFailure::TooLong)?;
        let mut packet = Vec::with_capacity(length);
        packet.push(SIGNATURE);
        packet.extend(self.flags().to_be_bytes());
        number::push(length, &mut packet);
        packet.extend(body);
        let checksum = crc32fast::hash(&packet);
        packet.extend(checksum.to_be_bytes());
        Ok(packet)
    }

    fn flags(&self) -> u16 {
        let set = |is_there: bool, flag: u16| if is_there { flag } else { 0 };
        flag::VERSION_2
            | set(self.test.is_some(), flag::TEST_ID)
            | set(self.route.is_some(), flag::ROUTE)
            | set(self.time.is_some(), flag::TIMESTAMP)
            | set(self.runnable, flag::RUNNABLE)
            | set(!self.tags.is_empty(), flag::TAGS)
            | set(self.attachment.is_some(), flag::FILE)
            | set(self.mime.is_some(), flag::MIME)
            | set(self.eof, flag::EOF)
            | self.status.bits()
    }

    fn body(&self) -> Result<Vec<u8>, EncodeFailure> {
        let mut body = Vec::new();
        if let Some(time) = self.time {
            body.extend(time.seconds.to_be_bytes());
            let nanoseconds = usize::try_from(time.nanoseconds).map_err(|_| EncodeFailure::TooLong)?;
            push_number(nanoseconds, &mut body)?;
        }
        if let Some(test) = &self.test {
            push_text(test, "a test id", &mut body)?;
        }
        if !self.tags.is_empty() {
            push_number(self.tags.len(), &mut body)?;
            self.tags.iter().try_for_each(|tag| push_text(tag, "a tag", &mut body))?;
        }
        if let Some(mime) = &self.mime {
            push_text(mime, "a type", &mut body)?;
        }
        if let Some(attachment) = &self.attachment {
            push_text(&attachment.name, "the name of an attachment", &mut body)?;
            push_number(attachment.bytes.len(), &mut body)?;
            body.extend(&attachment.bytes);
        }
        if let Some(route) = &self.route {
            push_text(route, "a route code", &mut body)?;
        }
        Ok(body)
    }
}

fn push_number(value: usize, out: &mut Vec<u8>) -> Result<(), EncodeFailure> {
    if number::push(value, out) { Ok(()) } else { Err(EncodeFailure::TooLong) }
}

fn push_text(text: &str, what: &'static str, out: &mut Vec<u8>) -> Result<(), EncodeFailure> {
    if text.contains('\0') {
        return Err(EncodeFailure::Nul { what });
    }
    push_number(text.len(), out)?;
    out.extend(text.as_bytes());
    Ok(())
}
