//! Finding packets in a stream that may be damaged or hold other text.

use std::collections::VecDeque;

use super::parse::{Attempt, attempt};
use super::{Packet, SIGNATURE};

/// How many bytes are summed up at most to find a whole packet within one that is damaged.
const SEARCH_BYTES: usize = 64 << 20;

/// What a stream is made of.
///
/// ```
/// use dockertest::report::subunit::{Decoder, Item, Packet};
///
/// let mut bytes = Packet::of_test("foo").encode()?;
/// *bytes.last_mut().expect("a checksum") ^= 1;
/// let mut decoder = Decoder::default();
/// decoder.push(&bytes);
/// let [Item::Damaged { at: 0, problem, .. }] = &decoder.finish()[..] else { panic!("one damaged packet") };
/// assert_eq!(problem, "its checksum is wrong");
/// # Ok::<(), dockertest::report::subunit::EncodeFailure>(())
/// ```
// Who reads a stream accounts for all of it: so it is not `#[non_exhaustive]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A packet.
    Packet(Packet),
    /// Bytes between packets: what programs print into the stream. May come in pieces.
    Text(Vec<u8>),
    /// What was a packet once.
    Damaged {
        /// Where it begins, counted in bytes from the beginning of the stream.
        at: u64,
        /// What is wrong with it.
        problem: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// Takes a stream apart as it comes.
///
/// Nothing is lost: every byte becomes part of one item. A packet is found wherever it begins, also in the middle of
/// a line; one that is damaged does not take whole ones with it.
///
/// ```
/// use dockertest::report::subunit::{Decoder, Item, Packet};
///
/// let bytes = Packet::of_test("foo").encode()?;
/// let mut decoder = Decoder::default();
/// decoder.push(&bytes[..5]);
/// assert_eq!(decoder.next(), None); // It has not come as a whole yet.
/// decoder.push(&bytes[5..]);
/// assert_eq!(decoder.next(), Some(Item::Packet(Packet::of_test("foo"))));
/// # Ok::<(), dockertest::report::subunit::EncodeFailure>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    bytes: VecDeque<u8>,
    /// How many bytes have gone before those.
    gone: u64,
    /// Whether text came last that did not end its line: what looks like a packet may be a part of it.
    in_line: bool,
    ended: bool,
}

impl Decoder {
    /// Takes in the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// What remains when nothing more will come.
    #[must_use]
    pub fn finish(mut self) -> Vec<Item> {
        self.ended = true;
        let mut items: Vec<Item> = Vec::new();
        for item in self {
            match (items.last_mut(), item) {
                (Some(Item::Text(before)), Item::Text(text)) => before.extend(text),
                (_, item) => items.push(item),
            }
        }
        items
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.gone += length as u64;
        self.bytes.drain(..length).collect()
    }

    fn text(&mut self, length: usize) -> Item {
        let text = self.take(length);
        self.in_line = text.last() != Some(&b'\n');
        Item::Text(text)
    }

    fn damaged(&mut self, length: usize, problem: &str) -> Item {
        let at = self.gone;
        self.in_line = false;
        Item::Damaged { at, problem: problem.to_owned(), bytes: self.take(length) }
    }

    /// Where a whole packet begins within the first `length` bytes; nothing when that cannot be told yet.
    fn whole_within(&mut self, length: usize) -> Option<usize> {
        let bytes = self.bytes.make_contiguous();
        let mut budget = SEARCH_BYTES;
        let mut from = 1;
        while let Some(at) = bytes[from..length].iter().position(|byte| *byte == SIGNATURE).map(|place| from + place) {
            match attempt(&bytes[at..]) {
                Attempt::Packet(..) | Attempt::BadFields(..) => return Some(at),
                Attempt::Unknown if !self.ended => return None,
                Attempt::BadSum(summed) => match budget.checked_sub(summed) {
                    Some(left) => budget = left,
                    None => break,
                },
                Attempt::Unknown | Attempt::Nothing | Attempt::BadHead(..) => {}
            }
            from = at + 1;
        }
        Some(length)
    }
}

impl Iterator for Decoder {
    type Item = Item;

    /// The next item; nothing when more bytes must come first.
    fn next(&mut self) -> Option<Item> {
        if self.bytes.is_empty() {
            return None;
        }
        if self.bytes.front() != Some(&SIGNATURE) {
            let length = self.bytes.iter().position(|byte| *byte == SIGNATURE).unwrap_or(self.bytes.len());
            return Some(self.text(length));
        }
        match attempt(self.bytes.make_contiguous()) {
            Attempt::Packet(length, packet) => {
                self.take(length);
                self.in_line = false;
                Some(Item::Packet(packet))
            }
            Attempt::BadFields(length, problem) => Some(self.damaged(length, problem)),
            Attempt::BadSum(_) if self.in_line => Some(self.text(1)),
            Attempt::BadSum(length) => {
                let length = self.whole_within(length)?;
                Some(self.damaged(length, "its checksum is wrong"))
            }
            Attempt::BadHead(length, problem) if !self.in_line => Some(self.damaged(length, problem)),
            Attempt::Unknown if !self.ended => None,
            Attempt::Unknown if !self.in_line && self.bytes.len() > 1 => {
                let length = self.bytes.len();
                let length = self.whole_within(length)?;
                Some(self.damaged(length, "the stream ends within it"))
            }
            Attempt::Unknown | Attempt::Nothing | Attempt::BadHead(..) => Some(self.text(1)),
        }
    }
}
