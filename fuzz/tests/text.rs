//! What an engine prints: whatever it is, it is understood or refused, and what is understood stays what it was.

use bolero::check;
use dockertest::engine::{ImageName, Table};
use fuzz::test_time;

#[test]
fn names_of_images() {
    let target = check!().with_test_time(test_time()).with_max_len(300);
    target.for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        match ImageName::parse(&text) {
            Ok(name) => {
                assert_eq!(ImageName::parse(&name.familiar()).as_ref(), Ok(&name));
                assert_eq!(ImageName::parse(&name.canonical()).as_ref(), Ok(&name));
                assert!(name.tagged().with_tag("other").is_ok());
            }
            Err(error) => assert!(error.to_string().contains("is no name of an image")),
        }
    });
}

/// Letters of names, chosen by bytes: random bytes alone are hardly ever a name.
const LETTERS: &[u8; 16] = b"abz09ALo.:/@-_[]";

#[test]
fn letters_of_names() {
    let target = check!().with_test_time(test_time()).with_max_len(40);
    target.for_each(|bytes: &[u8]| {
        let text: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
        let Ok(name) = ImageName::parse(&text) else { return };
        assert_eq!(ImageName::parse(&name.to_string()), Ok(name));
    });
}

#[test]
fn tables() {
    let target = check!().with_test_time(test_time()).with_max_len(512);
    target.for_each(|bytes: &[u8]| {
        let Ok(table) = Table::parse(&String::from_utf8_lossy(bytes)) else { return };
        assert!(!table.columns().is_empty());
        for row in table.rows() {
            assert!(table.columns().iter().all(|column| row.get(column).is_some()));
        }
    });
}
