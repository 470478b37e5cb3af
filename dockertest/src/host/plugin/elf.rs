//! Whether a file is a library for this machine, told better than the loader of the system tells it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;

use super::problem::PluginProblem;

/// How much of a file is looked at: the header of 64 bit.
const HEAD_BYTES: usize = 64;
/// A shared library, or a program that may be loaded anywhere.
const SHARED_OBJECT: u16 = 3;

/// What the beginning of an ELF file says. <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    /// 1: 32 bit, 2: 64 bit.
    class: u8,
    /// 1: little endian, 2: big endian.
    data: u8,
    kind: u16,
    machine: u16,
}

impl Head {
    fn of(bytes: &[u8]) -> Option<Head> {
        let &[0x7f, b'E', b'L', b'F', class, data, ..] = bytes else { return None };
        let number = |at: usize| {
            let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
            Some(if data == 2 { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
        };
        Some(Head { class, data, kind: number(16)?, machine: number(18)? })
    }

    fn machine(self) -> (u8, u8, u16) {
        (self.class, self.data, self.machine)
    }
}

/// Says what is wrong with a file that cannot be a library for the program that runs now.
pub(super) fn check(file: &Path) -> Result<(), PluginProblem> {
    let read = |path: &Path| {
        let mut bytes = Vec::new();
        open(path)?.take(HEAD_BYTES as u64).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let bytes = read(file).map_err(PluginProblem::Read)?;
    if bytes.is_empty() {
        return Err(PluginProblem::Empty);
    }
    let Some(head) = Head::of(&bytes) else {
        return Err(no_library(&bytes));
    };
    if let Some(own) = read("/proc/self/exe".as_ref()).ok().and_then(|bytes| Head::of(&bytes))
        && head.machine() != own.machine()
    {
        return Err(PluginProblem::OtherMachine { machine: words(head), own: words(own) });
    }
    if head.kind != SHARED_OBJECT {
        return Err(no_library(&bytes));
    }
    let size = fs::metadata(file).map_err(PluginProblem::Read)?.len();
    match end_of_sections(head, &bytes) {
        Some(expected) if expected > size => Err(PluginProblem::CutOff { size, expected }),
        _ => Ok(()),
    }
}

/// Opens a file, without waiting for somebody to write to it.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(io::Error::other("it is a pipe or a device, expected a file"));
    }
    Ok(file)
}

fn no_library(bytes: &[u8]) -> PluginProblem {
    PluginProblem::NoLibrary { begins: bytes[..bytes.len().min(20)].escape_ascii().to_string() }
}

/// Where the table of sections ends, which is the last thing in what linkers write. The system maps what is missing of a
/// file as if it were there, and kills who touches it.
fn end_of_sections(head: Head, bytes: &[u8]) -> Option<u64> {
    if (head.class, head.data) != (2, 1) {
        return None;
    }
    let offset = u64::from_le_bytes(bytes.get(40..48)?.try_into().ok()?);
    let number = |at: usize| Some(u64::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    offset.checked_add(number(58)? * number(60)?)
}

fn words(head: Head) -> String {
    let machine = match head.machine {
        3 => "x86",
        22 => "s390x",
        21 => "PowerPC",
        40 => "ARM",
        62 => "x86-64",
        183 => "AArch64",
        243 => "RISC-V",
        258 => "LoongArch",
        _ => "machine",
    };
    let bits = if head.class == 1 { "32 bit" } else { "64 bit" };
    let order = if head.data == 2 { ", big endian" } else { "" };
    format!("{machine} ({}), {bits}{order}", head.machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(class: u8, data: u8, kind: u16, machine: u16) -> Vec<u8> {
        let mut bytes = vec![0x7f, b'E', b'L', b'F', class, data];
        bytes.resize(16, 0);
        for number in [kind, machine] {
            bytes.extend(if data == 2 { number.to_be_bytes() } else { number.to_le_bytes() });
        }
        bytes
    }

    fn said(bytes: &[u8]) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        check(file.path()).err().map(|problem| problem.to_string())
    }

    #[test]
    fn a_library_of_another_machine_is_told() {
        let own = Head::of(&fs::read("/proc/self/exe").unwrap()).unwrap();
        assert_eq!(said(&head(own.class, own.data, 3, own.machine)), None);
        let other = said(&head(2, 2, 3, 22)).unwrap();
        assert!(other.starts_with("it is for s390x (22), 64 bit, big endian; this program is for "), "{other}");
    }

    #[test]
    fn what_is_no_library_is_told_with_its_beginning() {
        assert_eq!(said(b"").as_deref(), Some("it is empty"));
        assert!(said(b"hello\n").unwrap().contains("`hello\\n`"));
        assert!(said(b"\x7fELF").unwrap().contains("no shared library"));
        assert!(check("/no/such/file".as_ref()).is_err() && check("/".as_ref()).is_err());
    }
}
