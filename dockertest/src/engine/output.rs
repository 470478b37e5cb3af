//! What a program prints, as it comes: in memory up to a limit, beyond that in a file as well.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How much of an output is held in memory.
pub(super) const MEMORY_BYTES: usize = 16 << 20;

/// How much of an output is kept on disk. What goes beyond is counted only: an endless output must not fill the disk.
const FILE_BYTES: u64 = 2 << 30;

/// How much of a line is looked at.
const LINE_BYTES: usize = 64 << 10;

/// One output of a program: the beginning of all that was printed, without gaps.
#[derive(Debug)]
pub(super) struct Output {
    memory: Vec<u8>,
    /// Where it is kept when it gets too long for the memory.
    path: PathBuf,
    file: Option<File>,
    kept: u64,
    dropped: u64,
    /// Where the line begins that is not complete yet.
    line_start: u64,
}

impl Output {
    pub(super) fn new(path: PathBuf) -> Self {
        Output { memory: Vec::new(), path, file: None, kept: 0, dropped: 0, line_start: 0 }
    }

    /// Takes what was printed next.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if let Some(end) = memchr::memrchr(b'\n', bytes) {
            self.line_start = self.kept + end as u64 + 1;
        }
        let (near, far) = bytes.split_at(bytes.len().min(MEMORY_BYTES - self.memory.len()));
        self.memory.extend_from_slice(near);
        self.kept += near.len() as u64;
        if far.is_empty() {
            return;
        }
        match self.spill(far) {
            Ok(()) => self.kept += far.len() as u64,
            // The disk may be full; the program under test is not to blame.
            Err(_) => self.dropped += far.len() as u64,
        }
    }

    fn spill(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.dropped > 0 || self.kept + bytes.len() as u64 > FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.file.is_none() {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&self.path)?;
            self.file.insert(file).write_all_at(&self.memory, 0)?;
        }
        match &self.file {
            Some(file) => file.write_all_at(bytes, self.kept),
            None => Ok(()),
        }
    }

    /// All that is in memory: the whole, unless it is very long.
    pub(super) fn memory(&self) -> &[u8] {
        &self.memory
    }

    pub(super) fn take_memory(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.memory)
    }

    /// The file that holds all that is kept, if it is more than the memory holds.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|_| self.path.as_path())
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn line_start(&self) -> u64 {
        self.line_start
    }

    /// Reads some of what was printed at a position; nothing at the end.
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if position >= self.kept {
            return Ok(0);
        }
        match usize::try_from(position).ok().and_then(|start| self.memory.get(start..)).filter(|rest| !rest.is_empty())
        {
            Some(mut rest) => io::Read::read(&mut rest, buffer),
            None => self.file.as_ref().map_or(Ok(0), |file| file.read_at(buffer, position)),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks at the lines of an output, each once, as they come.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    position: u64,
    partial: Vec<u8>,
}

impl Lines {
    pub(super) fn from(position: u64) -> Self {
        Lines { position, partial: Vec::new() }
    }

    /// Shows each new line, without its end, until `visit` has found something. A last line without an end is one when
    /// nothing more can come.
    pub(super) fn find<T>(
        &mut self,
        output: &Output,
        ended: bool,
        visit: &mut dyn FnMut(&[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = output.read_at(self.position, &mut buffer)?;
            if count == 0 {
                let rest = if ended { std::mem::take(&mut self.partial) } else { Vec::new() };
                return Ok(if rest.is_empty() { None } else { visit(without_return(&rest)) });
            }
            let mut rest = &buffer[..count];
            while let Some(end) = memchr::memchr(b'\n', rest) {
                let (line, after) = (&rest[..end], &rest[end + 1..]);
                self.position += end as u64 + 1;
                self.extend(line);
                let line = std::mem::take(&mut self.partial);
                if let Some(found) = visit(without_return(&line)) {
                    return Ok(Some(found));
                }
                rest = after;
            }
            self.position += rest.len() as u64;
            self.extend(rest);
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// A terminal ends lines with a carriage return, too.
fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(folder: &tempfile::TempDir) -> Output {
        Output::new(folder.path().join("stdout"))
    }

    fn all(lines: &mut Lines, output: &Output, ended: bool) -> Vec<String> {
        let mut seen = Vec::new();
        let mut visit = |line: &[u8]| {
            seen.push(String::from_utf8_lossy(line).into_owned());
            None::<()>
        };
        lines.find(output, ended, &mut visit).unwrap();
        seen
    }

    #[test]
    fn a_line_is_seen_once_and_only_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = output(&folder);
        let mut lines = Lines::from(0);
        output.push(b"one\r\ntw");
        assert_eq!(all(&mut lines, &output, false), ["one"]);
        assert_eq!(output.line_start(), 5);
        output.push(b"o\nthree");
        assert_eq!(all(&mut lines, &output, false), ["two"]);
        assert_eq!(all(&mut lines, &output, true), ["three"]);
        assert_eq!(all(&mut lines, &output, true), Vec::<String>::new());
    }

    #[test]
    fn a_search_goes_on_behind_what_it_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = output(&folder);
        output.push(b"a\nb\nc\n");
        let mut lines = Lines::from(0);
        let mut is_b = |line: &[u8]| (line == b"b").then_some(());
        assert_eq!(lines.find(&output, false, &mut is_b).unwrap(), Some(()));
        assert_eq!(all(&mut lines, &output, false), ["c"]);
    }

    #[test]
    fn what_is_too_long_for_the_memory_is_in_the_file_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = output(&folder);
        output.push(&vec![b'x'; MEMORY_BYTES - 2]);
        assert_eq!(output.file(), None);
        output.push(b"y\nfar line\n");
        output.push(b"end");
        assert_eq!(output.memory().len(), MEMORY_BYTES);
        let kept = std::fs::read(output.file().unwrap()).unwrap();
        assert!(kept.starts_with(b"xx") && kept.ends_with(b"xy\nfar line\nend"));
        assert_eq!(output.dropped(), 0);
        let mut lines = Lines::from(output.line_start() - 9);
        assert_eq!(all(&mut lines, &output, true), ["far line", "end"]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_counted_and_nothing_has_gaps() {
        let mut output = Output::new(PathBuf::from("/nonexistent/folder/stdout"));
        output.push(&vec![b'x'; MEMORY_BYTES]);
        output.push(b"12345");
        output.push(b"678");
        assert_eq!((output.memory().len(), output.dropped(), output.file()), (MEMORY_BYTES, 8, None));
    }
}
