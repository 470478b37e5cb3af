//! The files in a step's `debug` folder: what the host wrote to standard error, and its log by level. Each is made
//! when its first byte comes and holds up to 64 MiB; what comes after is counted.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Zoned;

use crate::outcome::Level;

/// How much a file may hold.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// How much of the end of standard error is kept in memory, for the reason of an ending.
const TAIL_BYTES: usize = 8 << 10;
const TAIL_LINES: usize = 20;

/// The files of one step.
#[derive(Debug)]
pub(super) struct StepLogs {
    /// Nothing for a host that only lists its subtests.
    stderr: Option<CappedFile>,
    /// One for each level, or none at all.
    levels: Vec<CappedFile>,
    tail: Vec<u8>,
}

impl StepLogs {
    /// The files of a step with this results folder, whose subtest's name ends in `name`.
    pub(super) fn new(output: &Path, name: &str) -> Self {
        let folder = output.join("debug");
        StepLogs {
            stderr: Some(CappedFile::new(folder.join("stderr"))),
            levels: Level::ALL.map(|level| CappedFile::new(folder.join(format!("{name}.{level}")))).into(),
            tail: Vec::new(),
        }
    }

    /// No files: only the end of standard error is kept.
    pub(super) fn tail_only() -> Self {
        StepLogs { stderr: None, levels: Vec::new(), tail: Vec::new() }
    }

    /// Takes what the host wrote to standard error.
    pub(super) fn stderr(&mut self, bytes: &[u8]) {
        if let Some(file) = &mut self.stderr {
            file.write(bytes);
        }
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL_BYTES)..]);
        if self.tail.len() > 2 * TAIL_BYTES {
            self.tail.drain(..self.tail.len() - TAIL_BYTES);
        }
    }

    /// Takes a message of the log: it goes into the file of its level and of each less important one.
    pub(super) fn log(&mut self, level: Level, subsubtest: Option<&str>, text: &str) {
        let time = Zoned::now().strftime("%m/%d %H:%M:%S%.3f").to_string();
        let from = subsubtest.map(|name| format!("{name}: ")).unwrap_or_default();
        let mut lines = String::new();
        for line in text.split('\n') {
            lines.push_str(&format!("{time} {level:<7}| {from}{line}\n"));
        }
        for (file, minimum) in self.levels.iter_mut().zip(Level::ALL) {
            if level >= minimum {
                file.write(lines.as_bytes());
            }
        }
    }

    /// Hands what is in our buffers to the kernel.
    pub(super) fn flush(&mut self) {
        self.files().for_each(CappedFile::flush);
    }

    /// Writes the last line of files that would have got too long. Says what went wrong with any file.
    pub(super) fn finish(&mut self) -> Vec<String> {
        self.files().filter_map(CappedFile::finish).collect()
    }

    /// The last lines of standard error, to be shown to people; empty if there are none.
    pub(super) fn tail(&self) -> String {
        let bytes = &self.tail[self.tail.len().saturating_sub(TAIL_BYTES)..];
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.trim().lines().collect();
        let printable = |c: char| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
        let shown = lines[lines.len().saturating_sub(TAIL_LINES)..].iter();
        shown.map(|line| line.chars().map(printable).collect::<String>()).collect::<Vec<_>>().join("\n")
    }

    fn files(&mut self) -> impl Iterator<Item = &mut CappedFile> {
        self.levels.iter_mut().chain(&mut self.stderr)
    }
}

#[derive(Debug)]
struct CappedFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    bytes: u64,
    /// What was not written because the file was full.
    surplus_bytes: u64,
    problem: Option<io::Error>,
}

impl CappedFile {
    fn new(path: PathBuf) -> Self {
        CappedFile { path, file: None, bytes: 0, surplus_bytes: 0, problem: None }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.problem.is_some() || bytes.is_empty() {
            return;
        }
        if let Err(problem) = self.try_write(bytes) {
            self.problem = Some(problem);
        }
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = open(&self.path)?;
                self.bytes = file.metadata()?.len();
                self.file.insert(BufWriter::new(file))
            }
        };
        let room = usize::try_from(MAX_FILE_BYTES.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
        let (kept, surplus) = bytes.split_at(room.min(bytes.len()));
        self.bytes += kept.len() as u64;
        self.surplus_bytes += surplus.len() as u64;
        file.write_all(kept)
    }

    fn flush(&mut self) {
        if let Some(Err(problem)) = self.file.as_mut().map(Write::flush) {
            self.problem.get_or_insert(problem);
            self.file = None;
        }
    }

    fn finish(&mut self) -> Option<String> {
        if self.surplus_bytes > 0
            && let Some(file) = self.file.as_mut()
        {
            let limit = MAX_FILE_BYTES >> 20;
            let note = format!("\n[{} more bytes are not kept: the limit is {limit} MiB]\n", self.surplus_bytes);
            if let Err(problem) = file.write_all(note.as_bytes()) {
                self.problem.get_or_insert(problem);
            }
        }
        self.flush();
        let path = self.path.display();
        let surplus = (self.surplus_bytes > 0)
            .then(|| format!("`{path}` is full; {} bytes were not kept", std::mem::take(&mut self.surplus_bytes)));
        self.problem.take().map(|problem| format!("cannot write `{path}`: {problem}")).or(surplus)
    }
}

fn open(path: &Path) -> io::Result<File> {
    let append = || OpenOptions::new().create(true).append(true).open(path);
    match append() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            append()
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_message_is_in_the_files_of_its_level_and_of_those_below() {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = StepLogs::new(folder.path(), "version");
        logs.log(Level::Info, Some("child"), "one\ntwo");
        assert_eq!(logs.finish(), Vec::<String>::new());
        let read = |level: Level| fs::read_to_string(folder.path().join(format!("debug/version.{level}")));
        assert_eq!(read(Level::Debug).unwrap(), read(Level::Info).unwrap());
        assert!(read(Level::Info).unwrap().ends_with(" INFO   | child: two\n"));
        assert!(read(Level::Warning).is_err(), "made without need");
    }

    #[test]
    fn a_full_file_says_how_much_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = StepLogs::new(folder.path(), "x");
        let file = logs.stderr.as_mut().unwrap();
        file.bytes = MAX_FILE_BYTES - 3;
        file.file = Some(BufWriter::new(open(&file.path).unwrap()));
        logs.stderr(b"12345");
        let warnings = logs.finish();
        assert!(warnings[0].ends_with("/debug/stderr` is full; 2 bytes were not kept"), "{warnings:?}");
        let text = fs::read_to_string(folder.path().join("debug/stderr")).unwrap();
        assert_eq!(text, "123\n[2 more bytes are not kept: the limit is 64 MiB]\n");
    }

    #[test]
    fn the_tail_is_the_last_lines_in_printable_form() {
        let mut logs = StepLogs::new(Path::new("/proc/nonexistent"), "x");
        for number in 0..3000 {
            logs.stderr(format!("line \x1b{number}\n").as_bytes());
        }
        let tail = logs.tail();
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.ends_with("line \u{fffd}2999"), "{tail}");
        assert!(logs.finish()[0].starts_with("cannot write `/proc/nonexistent/debug/stderr`: "));
    }
}
