//! From bytes to a packet.

use super::packet::{Attachment, Packet, Status, Timestamp};
use super::{LONGEST, SHORTEST, SIGNATURE, flag, number};

/// What the bytes at some place are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It takes more bytes to tell.
    Unknown,
    /// They only look like a packet at first.
    Nothing,
    /// They begin like a packet that cannot be: so many bytes are its head.
    BadHead(usize, &'static str),
    /// They are a packet of so many bytes that was changed on its way.
    BadSum(usize),
    /// They are a packet of so many bytes whose sum is right, but that says something that cannot be.
    BadFields(usize, &'static str),
    /// They are a packet of so many bytes.
    Packet(usize, Packet),
}

/// Looks at the bytes at a place where a packet may begin.
pub(super) fn attempt(bytes: &[u8]) -> Attempt {
    let Some((&SIGNATURE, rest)) = bytes.split_first() else { return Attempt::Nothing };
    let Some((high, rest)) = rest.split_first() else { return Attempt::Unknown };
    if u16::from(*high) << 8 & flag::VERSION != flag::VERSION_2 {
        return Attempt::Nothing;
    }
    let Some((low, rest)) = rest.split_first() else { return Attempt::Unknown };
    let flags = u16::from_be_bytes([*high, *low]);
    if flags & flag::RESERVED != 0 {
        return Attempt::BadHead(3, "a bit is set that must not be");
    }
    match rest.first().map(|first| number::size(*first)) {
        None => return Attempt::Unknown,
        Some(4..) => return Attempt::BadHead(4, "its length is given in four bytes"),
        Some(_) => {}
    }
    let Some((length, after)) = number::split(rest) else { return Attempt::Unknown };
    let head = 3 + rest.len() - after.len();
    if !(head + 4..=LONGEST).contains(&length) || length < SHORTEST {
        return Attempt::BadHead(head, "it says that it is shorter than a packet can be");
    }
    let Some(packet) = bytes.get(..length) else { return Attempt::Unknown };
    let (content, sum) = packet.split_at(length - 4);
    if crc32fast::hash(content).to_be_bytes() != *sum {
        return Attempt::BadSum(length);
    }
    match fields(flags, &content[head..]) {
        Ok(packet) => Attempt::Packet(length, packet),
        Err(problem) => Attempt::BadFields(length, problem),
    }
}

/// Bytes after the last field are left for those who come later.
fn fields(flags: u16, body: &[u8]) -> Result<Packet, &'static str> {
    let mut body = Fields(body);
    let has = |flag: u16| flags & flag != 0;
    let time = if has(flag::TIMESTAMP) { Some(body.time()?) } else { None };
    let test = if has(flag::TEST_ID) { Some(body.text()?) } else { None };
    let mut packet = Packet { time, test, runnable: has(flag::RUNNABLE), eof: has(flag::EOF), ..Packet::default() };
    if has(flag::TAGS) {
        for _ in 0..body.number()? {
            packet.tags.insert(body.text()?);
        }
    }
    packet.mime = if has(flag::MIME) { Some(body.text()?) } else { None };
    if has(flag::FILE) {
        let name = body.text()?;
        let length = body.number()?;
        packet.attachment = Some(Attachment { name, bytes: body.take(length)?.to_vec() });
    }
    packet.route = if has(flag::ROUTE) { Some(body.text()?) } else { None };
    packet.status = Status::ALL[usize::from(flags & flag::STATUS)];
    Ok(packet)
}

struct Fields<'a>(&'a [u8]);

const TOO_SHORT: &str = "it ends within a field";

impl<'a> Fields<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, &'static str> {
        let (value, rest) = number::split(self.0).ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(value)
    }

    fn text(&mut self) -> Result<String, &'static str> {
        let length = self.number()?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| "a text in it is not UTF-8")?;
        if text.contains('\0') {
            return Err("a text in it holds a NUL character");
        }
        Ok(text.to_owned())
    }

    /// More nanoseconds than a second has are carried, as others do.
    fn time(&mut self) -> Result<Timestamp, &'static str> {
        const SECOND: u32 = 1_000_000_000;
        let seconds = self.take(4)?.iter().fold(0_u32, |seconds, byte| seconds << 8 | u32::from(*byte));
        // A number has 30 bits.
        let nanoseconds = u32::try_from(self.number()?).unwrap_or_default();
        let seconds = seconds.saturating_add(nanoseconds / SECOND);
        Ok(Timestamp { seconds, nanoseconds: nanoseconds % SECOND })
    }
}
