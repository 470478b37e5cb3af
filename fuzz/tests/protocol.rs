//! The protocol: whatever a host writes, and however its bytes arrive, it is heard without harm and in the same way.

use bolero::check;
use dockertest::host::protocol::{HostMessage, RunnerMessage};
use dockertest::host::{Conversation, Fault, LineReader, Task};
use fuzz::test_time;

/// Short enough that lines often are too long.
const LIMIT_BYTES: usize = 200;

/// What a host might write, chosen by bytes: random bytes alone hardly ever make a second message.
const PIECES: [&[u8]; 29] = [
    b"{\"hello\":{\"protocol\":2,\"api-version\":\"0.9.0\",\"program\":\"\\u001b[2J\"}}\n",
    b"{\"\\u001b[2J\":1}\n",
    b"{\"hello\":{\"protocol\":1,\"api-version\":\"0.9.0\",\"program\":\"p 1\"}}\n",
    b"{\"hello\":{\"protocol\":2,\"api-version\":\"0.9.0\",\"program\":\"p 1\"}}\n",
    b"{\"hello\":{\"protocol\":1,\"api-version\":\"9.9.0\",\"program\":\"p 1\"}}\n",
    b"{\"phase\":{\"phase\":\"run_once\",\"iteration\":{\"number\":1,\"of\":2}}}\n",
    b"{\"log\":{\"level\":\"info\",\"text\":\"a\\u0000b\"}}\n",
    b"{\"keyvals\":{\"values\":{\"a\":\"b\"}}}\n",
    b"{\"subsubtest-started\":{\"subsubtest\":\"s\"}}\n",
    b"{\"ended\":{\"verdict\":\"GOOD\",\"reason\":\"\",\"seconds\":1.0}}\n",
    b"{\"ended\":{\"verdict\":\"FAIL\",\"reason\":\"\",\"seconds\":1e400}}\n",
    b"{\"reboot\":{\"resume-at\":\"a\",\"reason\":\"b\"}}\n",
    b"{\"subtest\":{\"name\":\"docker_cli/version\"}}\n",
    b"{\"subtest\":{\"name\":\"../version\"}}\n",
    b"{\"config\":{\"file\":\"a.ini\",\"text\":\"[docker_cli/version]\\na = 1\\n\"}}\n",
    b"{\"config\":{\"file\":\"../\\u001b[2J\",\"text\":\"[\\u0000\"}}\n",
    b"{\"config\":{\"file\":7}}\n",
    b"{\"listed\":{\"subtests\":1}}\n",
    b"{\"listed\":{\"subtests\":-1}}\n",
    b"{\"ended\":",
    b"{\"log\":{\"level\":\"info\",\"text\":\"\xff\"}}\n",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"{\"a\":",
    b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b"\"",
];

/// What was heard: messages, and how it ended.
#[derive(Debug, PartialEq)]
struct Heard {
    messages: Vec<HostMessage>,
    fault: Option<Fault>,
    last_word: Option<String>,
    afterwards: Option<String>,
}

#[test]
fn any_bytes() {
    let target = check!().with_test_time(test_time()).with_max_len(600);
    target.for_each(|bytes: &[u8]| listen_in_every_way(bytes));
}

#[test]
fn pieces_of_conversations() {
    let target = check!().with_test_time(test_time()).with_max_len(60);
    target.for_each(|choices: &[u8]| {
        let pieces = choices.iter().map(|choice| PIECES[usize::from(*choice) % PIECES.len()]);
        listen_in_every_way(&pieces.collect::<Vec<_>>().concat());
    });
}

#[test]
fn requests_of_any_bytes() {
    let target = check!().with_test_time(test_time()).with_max_len(600);
    target.for_each(|bytes: &[u8]| {
        if let Ok(message) = serde_json::from_slice::<RunnerMessage>(bytes) {
            let text = serde_json::to_string(&message).expect("what was read can be written");
            assert_eq!(serde_json::from_str::<RunnerMessage>(&text).expect("and read again"), message);
        }
    });
}

fn listen_in_every_way(bytes: &[u8]) {
    for task in [Task::Run, Task::List] {
        let whole = listen(task, &mut std::iter::once(bytes));
        let cut = bytes.len() / 3;
        assert_eq!(listen(task, &mut [&bytes[..cut], &bytes[cut..]].into_iter()), whole);
        assert_eq!(listen(task, &mut bytes.chunks(1)), whole);
    }
}

fn listen(task: Task, pieces: &mut dyn Iterator<Item = &[u8]>) -> Heard {
    let mut reader = LineReader::with_limit(LIMIT_BYTES);
    let mut conversation = Conversation::new(task);
    let mut messages = Vec::new();
    let mut fault = None;
    for piece in pieces {
        reader.push(piece, &mut |line| {
            if fault.is_some() {
                return;
            }
            let was_over = conversation.last_word().is_some();
            match conversation.hear(line) {
                Ok(Some(message)) => {
                    assert!(!was_over && conversation.hello().is_some(), "{message:?}");
                    messages.push(message);
                }
                Ok(None) => {}
                Err(found) => fault = Some(without_quote(found)),
            }
        });
    }
    if let Some(line) = reader.rest().filter(|_| fault.is_none()) {
        assert!(line.bytes.len() <= LIMIT_BYTES);
        fault = conversation.hear_rest(line).err();
    }
    check_text(fault.as_ref());
    let last_word = conversation.last_word().map(ToString::to_string);
    Heard { messages, fault, last_word, afterwards: conversation.afterwards() }
}

/// How much of a line that is too long is shown depends on how its bytes arrive.
fn without_quote(fault: Fault) -> Fault {
    check_text(Some(&fault));
    match fault {
        Fault::TooLong { number, .. } => Fault::TooLong { number, quote: String::new() },
        fault => fault,
    }
}

/// A text for people is short and has nothing that a terminal would obey.
fn check_text(fault: Option<&Fault>) {
    let text = fault.map(ToString::to_string).unwrap_or_default();
    assert!(text.chars().count() < 1000 && !text.contains(char::is_control), "{text:?}");
}
