//! Reads a record, whatever is in it.

use std::fmt;

use super::abi::{ABI, MAGIC, PROGRAM_BYTES, Record};
use crate::version::ApiVersion;

/// What a record says, if it is one that this version can work with.
///
/// ```
/// use dockertest::host::plugin::{BadRecord, Identity};
///
/// assert_eq!(Identity::read(b"ELF"), Err(BadRecord::Short { size: 3 }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The API version that the subtests were written for: major number, minor number, revision.
    pub api: [u32; 3],
    /// Name and version of the library, in printable form.
    pub program: String,
}

/// Why a record is none, or none for this version.
///
/// ```
/// use dockertest::host::plugin::BadRecord;
///
/// let text = BadRecord::OtherAbi { abi: 2, program: "acme-subtests 2.0".to_owned() }.to_string();
/// assert!(text.starts_with("`acme-subtests 2.0` is for plug-in interface 2"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadRecord {
    /// It begins with something else.
    #[error(
        "its record does not begin with `DKTPLUG`: `dockertest_plugin` is something else there; use `dockertest::plugin!()` or dockertest.h"
    )]
    Magic,
    /// It is too short.
    #[error("its record is {size} bytes long, expected {expected} or more: fill in `size` as dockertest.h says", expected = Record::SIZE)]
    Short {
        /// How long it is, or says that it is.
        size: u32,
    },
    /// Its functions are those of another interface.
    #[error("{} is for plug-in interface {abi}, this dockertest has {ABI}: {}", called(program), advice(*abi))]
    OtherAbi {
        /// The interface.
        abi: u32,
        /// The library's name and version.
        program: String,
    },
}

fn advice(abi: u32) -> &'static str {
    if abi > ABI { "install a later dockertest, or build the plug-in with this one" } else { "build the plug-in anew" }
}

/// A record need not have a name.
pub(super) fn called(program: &str) -> String {
    if program.is_empty() { "it".to_owned() } else { format!("`{program}`") }
}

impl Identity {
    /// Whether the API version has these two numbers; the revision does not count.
    pub(super) fn is_of(&self, version: ApiVersion) -> bool {
        self.api[..2] == [u32::from(version.major), u32::from(version.minor)]
    }

    /// Reads the bytes of a record; there may be more of them than the record is long.
    ///
    /// # Errors
    /// [`BadRecord`] when it cannot be used.
    ///
    /// ```
    /// use dockertest::host::plugin::abi::MAGIC;
    /// use dockertest::host::plugin::Identity;
    ///
    /// let mut bytes = MAGIC.to_vec();
    /// for number in [92, 1, 0, 9, 0_u32] {
    ///     bytes.extend(number.to_ne_bytes());
    /// }
    /// bytes.extend(b"acme 1.0");
    /// bytes.resize(92, 0);
    /// assert_eq!(Identity::read(&bytes)?.program, "acme 1.0");
    /// # Ok::<(), dockertest::host::plugin::BadRecord>(())
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Identity, BadRecord> {
        let there = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if bytes.get(..MAGIC.len()).is_some_and(|magic| magic != MAGIC) {
            return Err(BadRecord::Magic);
        }
        let size = number(bytes, 0).map_or(there, |size| size.min(there));
        if size < Record::SIZE {
            return Err(BadRecord::Short { size });
        }
        let numbers = (number(bytes, 1), number(bytes, 2), number(bytes, 3), number(bytes, 4));
        let (Some(abi), Some(major), Some(minor), Some(patch)) = numbers else {
            return Err(BadRecord::Short { size });
        };
        let program = program(&bytes[MAGIC.len() + 20..]);
        if abi != ABI {
            return Err(BadRecord::OtherAbi { abi, program });
        }
        Ok(Identity { api: [major, minor, patch], program })
    }
}

/// A number behind the magic bytes.
fn number(bytes: &[u8], index: usize) -> Option<u32> {
    let at = MAGIC.len() + 4 * index;
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The text up to the first NUL byte, whatever it is made of.
fn program(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(PROGRAM_BYTES)];
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text)
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.api;
        write!(f, "{} (API {major}.{minor}.{patch})", self.program)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn bytes(size: u32, abi: u32, program: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for number in [size, abi, 1, 2, 3] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes.extend(program);
        bytes.resize(128, 0);
        bytes
    }

    #[test]
    fn a_record_is_read() {
        let identity = Identity::read(&bytes(92, 1, b"acme 1.0\0rubbish")).unwrap();
        assert_eq!(identity.to_string(), "acme 1.0 (API 1.2.3)");
    }

    #[rstest]
    #[case::longer(bytes(128, 1, b"x"), Ok(()))]
    #[case::lies_that_it_is_longer(bytes(u32::MAX, 1, b"x"), Ok(()))]
    #[case::short(bytes(16, 1, b"x"), Err(BadRecord::Short { size: 16 }))]
    #[case::nothing(Vec::new(), Err(BadRecord::Short { size: 0 }))]
    #[case::later(bytes(128, 2, b"x"), Err(BadRecord::OtherAbi { abi: 2, program: "x".to_owned() }))]
    #[case::other(vec![0; 128], Err(BadRecord::Magic))]
    fn what_cannot_be_used_is_said(#[case] bytes: Vec<u8>, #[case] expected: Result<(), BadRecord>) {
        assert_eq!(Identity::read(&bytes).map(drop), expected);
    }

    #[test]
    fn a_name_may_be_anything() {
        let identity = Identity::read(&bytes(92, 1, &[0xff; 64])).unwrap();
        assert_eq!(identity.program.chars().count(), 64);
        assert_eq!(Identity::read(&bytes(92, 1, b"a\x1b[0m")).unwrap().program, "a\u{fffd}[0m");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(Identity::read(&tail));
            drop(Identity::read(&[&MAGIC[..], &tail].concat()));
        }
    }
}
