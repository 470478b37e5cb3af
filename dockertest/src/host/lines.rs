//! Cuts a stream of bytes into lines of bounded length. It knows nothing of what the lines mean.

use super::protocol::MAX_LINE_BYTES;

/// How much of a line that is too long is kept, to show it.
const HEAD_BYTES: usize = 200;

/// A line of a stream, counted from 1, without its line end (`\n`).
///
/// ```
/// use dockertest::host::LineReader;
///
/// LineReader::new().push(b"{\"listed\":{\"subtests\":2}}\n", &mut |line| {
///     assert_eq!((line.number, line.too_long), (1, false));
///     assert_eq!(line.bytes, br#"{"listed":{"subtests":2}}"#);
/// });
/// ```
// What is known of bytes between two ends of line, for who reads them in another way: not `#[non_exhaustive]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number.
    pub number: u64,
    /// Its bytes: any, also NUL and what is not UTF-8. Of a line that is too long, only the first ones.
    pub bytes: &'a [u8],
    /// Whether it is longer than a line may be.
    pub too_long: bool,
}

/// Cuts a stream into lines, however its bytes arrive. Never holds more than one line of the greatest length.
///
/// ```
/// use dockertest::host::LineReader;
///
/// let mut reader = LineReader::new();
/// let mut seen = Vec::new();
/// for piece in [&b"one\ntw"[..], b"o\nthree"] {
///     reader.push(piece, &mut |line| seen.push(String::from_utf8_lossy(line.bytes).into_owned()));
/// }
/// assert_eq!(seen, ["one", "two"]);
/// assert_eq!(reader.rest().unwrap().bytes, b"three");
/// ```
#[derive(Debug, Clone)]
pub struct LineReader {
    limit_bytes: usize,
    /// The number of the line that is being read.
    number: u64,
    partial: Vec<u8>,
    /// The line that is being read has been told as too long; its remainder is skipped.
    skipping: bool,
}

impl LineReader {
    /// A reader of lines of up to [`MAX_LINE_BYTES`].
    #[must_use]
    pub fn new() -> Self {
        LineReader::with_limit(MAX_LINE_BYTES)
    }

    /// A reader of lines of up to `limit_bytes`.
    ///
    /// ```
    /// use dockertest::host::LineReader;
    ///
    /// let mut told = Vec::new();
    /// LineReader::with_limit(8).push(b"much too long\nshort\n", &mut |line| told.push((line.number, line.too_long)));
    /// assert_eq!(told, [(1, true), (2, false)]);
    /// ```
    #[must_use]
    pub fn with_limit(limit_bytes: usize) -> Self {
        LineReader { limit_bytes, number: 1, partial: Vec::new(), skipping: false }
    }

    /// Takes the next bytes of the stream and hands on each line that they complete. A line that gets too long is
    /// handed on at once, and only once.
    pub fn push(&mut self, mut bytes: &[u8], on_line: &mut dyn FnMut(Line<'_>)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.complete(&bytes[..end], on_line);
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes, on_line);
    }

    /// What follows the last line end, if anything does, as the line that it would have become.
    #[must_use]
    pub fn rest(&self) -> Option<Line<'_>> {
        let partial = Line { number: self.number, bytes: &self.partial, too_long: false };
        Some(partial).filter(|line| !line.bytes.is_empty())
    }

    fn complete(&mut self, end: &[u8], on_line: &mut dyn FnMut(Line<'_>)) {
        let length = self.partial.len() + end.len();
        if self.skipping {
            self.skipping = false;
        } else if length > self.limit_bytes {
            self.tell_too_long(end, on_line);
        } else if self.partial.is_empty() {
            on_line(Line { number: self.number, bytes: end, too_long: false });
        } else {
            self.partial.extend_from_slice(end);
            on_line(Line { number: self.number, bytes: &self.partial, too_long: false });
        }
        self.partial.clear();
        self.number += 1;
    }

    fn keep(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(Line<'_>)) {
        if self.skipping {
            return;
        }
        if self.partial.len() + bytes.len() > self.limit_bytes {
            self.tell_too_long(bytes, on_line);
            self.partial = Vec::new();
            self.skipping = true;
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn tell_too_long(&mut self, more: &[u8], on_line: &mut dyn FnMut(Line<'_>)) {
        let missing = HEAD_BYTES.saturating_sub(self.partial.len()).min(more.len());
        self.partial.extend_from_slice(&more[..missing]);
        self.partial.truncate(HEAD_BYTES);
        on_line(Line { number: self.number, bytes: &self.partial, too_long: true });
    }
}

impl Default for LineReader {
    fn default() -> Self {
        LineReader::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Seen = (u64, Vec<u8>, bool);

    fn read(pieces: &[&[u8]], limit: usize) -> (Vec<Seen>, Option<Vec<u8>>) {
        let mut reader = LineReader::with_limit(limit);
        let mut seen = Vec::new();
        for piece in pieces {
            reader.push(piece, &mut |line| seen.push((line.number, line.bytes.to_vec(), line.too_long)));
        }
        (seen, reader.rest().map(|line| line.bytes.to_vec()))
    }

    #[test]
    fn empty_lines_and_strange_bytes_are_lines() {
        let (seen, rest) = read(&[b"\n\0\n\xff\xfe\r\n"], 10);
        assert_eq!(seen, [(1, b"".to_vec(), false), (2, b"\0".to_vec(), false), (3, b"\xff\xfe\r".to_vec(), false)]);
        assert_eq!(rest, None);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_once_and_the_next_one_is_whole() {
        let (seen, rest) = read(&[b"0123", b"4567", b"89\nok\nx"], 6);
        assert_eq!(seen, [(1, b"01234567".to_vec(), true), (2, b"ok".to_vec(), false)]);
        assert_eq!(rest.as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut reader = LineReader::new();
        let mut told = 0;
        for _ in 0..100 {
            reader.push(&[b'a'; 1 << 16], &mut |line| told += usize::from(line.too_long));
            assert!(reader.partial.capacity() <= 2 * MAX_LINE_BYTES);
        }
        assert_eq!((told, reader.partial.capacity()), (1, 0));
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_does_not_matter(bytes in "[ab\n]{0,60}", cut in 0usize..60, limit in 1usize..8) {
            let cut = cut.min(bytes.len());
            let (head, tail) = bytes.as_bytes().split_at(cut);
            let numbers_and_kind = |seen: Vec<Seen>| {
                // How much is shown of a line that is too long may differ.
                seen.into_iter().map(|(n, b, long)| (n, if long { Vec::new() } else { b }, long)).collect::<Vec<_>>()
            };
            let whole = read(&[bytes.as_bytes()], limit);
            let parts = read(&[head, tail], limit);
            prop_assert_eq!(whole.1, parts.1);
            prop_assert_eq!(numbers_and_kind(whole.0), numbers_and_kind(parts.0));
        }
    }
}
