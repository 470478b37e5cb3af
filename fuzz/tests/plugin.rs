//! The record of a plug-in: whatever a library has in its place, it is read or refused in words, and nothing else.

use bolero::check;
use dockertest::host::plugin::abi::{ABI, MAGIC, PROGRAM_BYTES, Record};
use dockertest::host::plugin::{BadRecord, Identity};
use fuzz::test_time;

/// Where the numbers of a record begin: `size`, `abi`, and the three of the API version.
const NUMBERS: usize = MAGIC.len();

#[test]
fn any_bytes() {
    let target = check!().with_test_time(test_time()).with_max_len(200);
    target.for_each(|bytes: &[u8]| read(bytes));
}

/// Random bytes alone hardly ever begin as a record does.
#[test]
fn any_bytes_behind_the_magic_ones() {
    let target = check!().with_test_time(test_time()).with_max_len(200);
    target.for_each(|bytes: &[u8]| read(&[&MAGIC[..], bytes].concat()));
}

/// Nor do they have the length and the interface of one.
#[test]
fn any_name_and_version() {
    let target = check!().with_test_time(test_time()).with_max_len(120);
    target.for_each(|bytes: &[u8]| {
        let mut record = [&MAGIC[..], &Record::SIZE.to_ne_bytes(), &ABI.to_ne_bytes(), bytes].concat();
        read(&record);
        // Memory has something behind every record.
        record.resize(record.len().max(Record::SIZE as usize), 0);
        read(&record);
        assert!(Identity::read(&record).is_ok(), "{record:?}");
    });
}

fn read(bytes: &[u8]) {
    let read = Identity::read(bytes);
    match &read {
        Ok(identity) => {
            assert!(bytes.starts_with(&MAGIC) && bytes.len() >= Record::SIZE as usize);
            assert_eq!(number(bytes, 1), ABI);
            assert_eq!(identity.api, [number(bytes, 2), number(bytes, 3), number(bytes, 4)]);
            check_program(&identity.program);
            assert!(identity.to_string().starts_with(&identity.program));
        }
        Err(problem) => check_problem(problem, bytes),
    }
    // A record may be followed by anything: what it says does not depend on it.
    if read.is_ok() {
        assert_eq!(Identity::read(&bytes[..Record::SIZE as usize]), read);
        assert_eq!(Identity::read(&[bytes, b"\xff\0more"].concat()), read);
    }
}

fn check_problem(problem: &BadRecord, bytes: &[u8]) {
    match problem {
        BadRecord::Magic => assert!(!bytes.starts_with(&MAGIC)),
        BadRecord::Short { size } => {
            assert!(*size < Record::SIZE && usize::try_from(*size).is_ok_and(|size| size <= bytes.len()));
        }
        BadRecord::OtherAbi { abi, program } => {
            assert_eq!(*abi, number(bytes, 1));
            assert_ne!(*abi, ABI);
            check_program(program);
        }
        other => panic!("{other:?}: what of the bytes is it about?"),
    }
    let text = problem.to_string();
    assert!(text.chars().count() < 300 && !text.contains(char::is_control), "{text:?}");
}

/// A name is short and has nothing that a terminal would obey.
fn check_program(program: &str) {
    assert!(program.chars().count() <= PROGRAM_BYTES && !program.contains(char::is_control), "{program:?}");
}

fn number(bytes: &[u8], index: usize) -> u32 {
    let at = NUMBERS + 4 * index;
    u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
