//! Subunit version 2: a stream of packets about tests, as stestr, testr and the `subunit-*` tools speak it.
//!
//! A [`Packet`] says one thing about one test: that it exists, has started, has ended, or something that it has written.
//! [`Packet::encode`] gives its bytes, and a [`Decoder`] finds packets in a stream that may be damaged or hold other
//! text, too. Version 1, which is text, is not read: [`is_version_1`] tells it apart.
//!
//! ```
//! use dockertest::report::subunit::{Decoder, Item, Packet, Status};
//!
//! let packet = Packet { status: Status::Success, ..Packet::of_test("docker_cli/version") };
//! let bytes = packet.encode()?;
//!
//! let mut decoder = Decoder::default();
//! decoder.push(b"some text\n");
//! decoder.push(&bytes);
//! let items = decoder.finish();
//! assert_eq!(items, [Item::Text(b"some text\n".to_vec()), Item::Packet(packet)]);
//! # Ok::<(), dockertest::report::subunit::EncodeFailure>(())
//! ```

mod decoder;
mod number;
mod packet;
mod parse;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Item};
pub use packet::{Attachment, EncodeFailure, Packet, Status, Timestamp};

/// The first byte of every packet.
const SIGNATURE: u8 = 0xb3;

/// The shortest packet: signature, flags, length, checksum.
const SHORTEST: usize = 8;

/// The longest packet.
const LONGEST: usize = 4_194_303;

/// The bits of the flags. The order of the fields in a packet is another one.
mod flag {
    pub(super) const VERSION: u16 = 0xf000;
    pub(super) const VERSION_2: u16 = 0x2000;
    pub(super) const TEST_ID: u16 = 0x0800;
    pub(super) const ROUTE: u16 = 0x0400;
    pub(super) const TIMESTAMP: u16 = 0x0200;
    pub(super) const RUNNABLE: u16 = 0x0100;
    pub(super) const TAGS: u16 = 0x0080;
    pub(super) const FILE: u16 = 0x0040;
    pub(super) const MIME: u16 = 0x0020;
    pub(super) const EOF: u16 = 0x0010;
    pub(super) const RESERVED: u16 = 0x0008;
    pub(super) const STATUS: u16 = 0x0007;
}

/// Whether text looks like a stream of version 1: a line says that a test began or ended.
///
/// ```
/// use dockertest::report::subunit::is_version_1;
///
/// assert!(is_version_1(b"time: 2024-01-02 03:04:05Z\ntest: a.b\nsuccess: a.b\n"));
/// assert!(!is_version_1(b"all tests passed\n"));
/// ```
#[must_use]
pub fn is_version_1(text: &[u8]) -> bool {
    const WORDS: [&str; 10] = [
        "test: ",
        "testing: ",
        "success: ",
        "successful: ",
        "failure: ",
        "error: ",
        "skip: ",
        "xfail: ",
        "uxsuccess: ",
        "progress: ",
    ];
    text.split(|byte| *byte == b'\n').any(|line| WORDS.iter().any(|word| line.starts_with(word.as_bytes())))
}
