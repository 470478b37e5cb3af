//! What a host may say when: checks each line of its standard output. It starts and stops nothing.

use std::fmt;

use super::lines::Line;
use super::protocol::{Hello, HostMessage, MAX_LINE_BYTES, PROTOCOL};
use super::told::{MAX_LIST_BYTES, MAX_STEP_BYTES};
use crate::outcome::Ending;
use crate::version::{API_VERSION, ApiVersion};

/// How many characters of a line are shown when it is at fault.
const QUOTED_CHARS: usize = 160;

/// How many characters of a JSON error are shown. It may quote the line too.
const PROBLEM_CHARS: usize = 300;

/// What a host was asked for.
///
/// ```
/// use dockertest::host::Task;
///
/// assert_eq!([Task::List, Task::Run].map(|task| task.to_string()), ["list", "run"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Task {
    /// To list its subtests.
    List,
    /// To run one.
    Run,
}

/// The last message of a conversation.
///
/// ```
/// use dockertest::host::{Conversation, LastWord, LineReader, Task};
///
/// let said = br#"{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
/// {"phase":{"phase":"run_once"}}
/// {"ended":{"verdict":"GOOD","reason":"","seconds":0.25}}
/// "#;
/// let mut conversation = Conversation::new(Task::Run);
/// LineReader::new().push(said, &mut |line| assert!(conversation.hear(line).is_ok()));
/// assert!(matches!(conversation.last_word(), Some(LastWord::Ended(_))));
/// assert_eq!(conversation.last_word().unwrap().to_string(), "ended GOOD");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LastWord {
    /// All subtests were listed.
    Listed {
        /// How many there were.
        subtests: u32,
    },
    /// The step ended.
    Ended(Ending),
    /// The step wants the machine to be rebooted.
    Reboot {
        /// Where it wants to be entered again.
        resume_at: String,
        /// Why, in words.
        reason: String,
    },
}

/// A host does not keep the protocol.
///
/// A host that was built with a program of another protocol:
///
/// ```
/// use dockertest::host::{Conversation, Fault, Line, Task};
///
/// let bytes = br#"{"hello":{"protocol":2,"api-version":"0.9.0","program":"my-subtests 1.0"}}"#;
/// let fault = Conversation::new(Task::Run).hear(Line { number: 1, bytes, too_long: false }).unwrap_err();
/// assert!(matches!(fault, Fault::Protocol { protocol: 2, .. }));
/// assert!(fault.to_string().starts_with("`my-subtests 1.0` speaks protocol 2, this program speaks 1"));
/// ```
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A line is no message.
    #[error("line {number} of the host's standard output is not a message of the protocol: `{quote}` ({problem})")]
    Garbage {
        /// The line's number.
        number: u64,
        /// Its first characters.
        quote: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A line does not end.
    #[error("line {number} of the host's standard output is longer than {MAX_LINE_BYTES} bytes: `{quote}`")]
    TooLong {
        /// The line's number.
        number: u64,
        /// Its first characters.
        quote: String,
    },
    /// The first message is not `hello`.
    #[error("the host's first message is `{0}`, expected `hello`")]
    NoHello(&'static str),
    /// The host speaks another protocol.
    #[error(
        "`{program}` speaks protocol {protocol}, this program speaks {PROTOCOL}; \
         build both from the same version of dockertest"
    )]
    Protocol {
        /// What the host calls itself.
        program: String,
        /// The number of its protocol.
        protocol: u32,
    },
    /// The host's subtests were written for another API.
    #[error(
        "the subtests of `{program}` were written for API version {version}, which does not fit {API_VERSION}; \
         adapt and build them again"
    )]
    Api {
        /// What the host calls itself.
        program: String,
        /// The API version of its subtests.
        version: ApiVersion,
    },
    /// A message has no place here.
    #[error("line {number} of the host's standard output is the message `{message}`, which has no place in `{task}`")]
    OutOfPlace {
        /// The line's number.
        number: u64,
        /// The message's name.
        message: &'static str,
        /// What the host was asked for.
        task: Task,
    },
    /// It tells of more sub-subtests than can be kept.
    #[error("the host tells of too many sub-subtests: more than {} MiB of messages", MAX_STEP_BYTES >> 20)]
    EndlessSubsubtests,
    /// Its list is longer than any list can be.
    #[error("the list is too long: more than {} MiB", MAX_LIST_BYTES >> 20)]
    EndlessList,
    /// There are two last messages.
    #[error("line {number} of the host's standard output is `{second}`, but the host had already said `{first}`")]
    SecondLastWord {
        /// The line's number.
        number: u64,
        /// What it said first.
        first: String,
        /// What it said then.
        second: String,
    },
}

/// One conversation with a host, from its `hello` to its last message.
///
/// ```
/// use dockertest::host::{Conversation, LineReader, Task};
///
/// let mut conversation = Conversation::new(Task::List);
/// let mut problems = Vec::new();
/// LineReader::new().push(b"\x7fELF\n", &mut |line| problems.extend(conversation.hear(line).err()));
/// assert!(problems[0].to_string().starts_with("line 1 of the host's standard output is not a message"));
/// ```
#[derive(Debug, Clone)]
pub struct Conversation {
    task: Task,
    hello: Option<Hello>,
    last_word: Option<LastWord>,
    /// How many lines came after the last message, and the first of them.
    afterwards: Option<(u64, String)>,
}

impl Conversation {
    /// A conversation in which nothing has been said yet.
    #[must_use]
    pub fn new(task: Task) -> Self {
        Conversation { task, hello: None, last_word: None, afterwards: None }
    }

    /// Takes the host's next line and gives back its message, if it is one in between: neither `hello` nor last.
    ///
    /// What comes after the last message is counted and otherwise passed over, but for a second last message.
    ///
    /// # Errors
    /// A [`Fault`] when the host does not keep the protocol. The conversation is over then.
    pub fn hear(&mut self, line: Line<'_>) -> Result<Option<HostMessage>, Fault> {
        let message = match parse(line) {
            Ok(message) => message,
            Err(_) if self.last_word.is_some() => return Ok(self.pass_over(line)),
            Err(fault) => return Err(fault),
        };
        if self.hello.is_none() {
            return self.greet(message).map(|()| None);
        }
        let out_of_place =
            |message: &HostMessage, task| Fault::OutOfPlace { number: line.number, message: name(message), task };
        match message {
            HostMessage::Hello(_) if self.last_word.is_none() => Err(out_of_place(&message, self.task)),
            HostMessage::Listed { subtests } if self.task == Task::List => {
                self.finish(line, LastWord::Listed { subtests })
            }
            HostMessage::Ended(ending) if self.task == Task::Run => self.finish(line, LastWord::Ended(ending)),
            HostMessage::Reboot { resume_at, reason } if self.task == Task::Run => {
                self.finish(line, LastWord::Reboot { resume_at, reason })
            }
            _ if self.last_word.is_some() => Ok(self.pass_over(line)),
            HostMessage::Subtest(_) | HostMessage::Config(_) if self.task == Task::List => Ok(Some(message)),
            HostMessage::Subtest(_)
            | HostMessage::Config(_)
            | HostMessage::Hello(_)
            | HostMessage::Listed { .. }
            | HostMessage::Ended(_)
            | HostMessage::Reboot { .. } => Err(out_of_place(&message, self.task)),
            HostMessage::Log { .. } => Ok(Some(message)),
            HostMessage::Phase { .. }
            | HostMessage::Keyvals { .. }
            | HostMessage::SubsubtestStarted { .. }
            | HostMessage::SubsubtestEnded { .. } => match self.task {
                Task::Run => Ok(Some(message)),
                Task::List => Err(out_of_place(&message, self.task)),
            },
        }
    }

    /// Takes what the host wrote after its last line end, when it can write no more.
    ///
    /// # Errors
    /// As [`hear`](Conversation::hear); a message without a line end is at fault too, because it may be half of one.
    ///
    /// ```
    /// use dockertest::host::{Conversation, LineReader, Task};
    ///
    /// let mut reader = LineReader::new();
    /// reader.push(br#"{"ended":{"verdict":"GOOD""#, &mut |_| unreachable!("the line does not end"));
    /// let fault = Conversation::new(Task::Run).hear_rest(reader.rest().unwrap()).unwrap_err();
    /// assert!(fault.to_string().ends_with("(its line end is missing)"));
    /// ```
    pub fn hear_rest(&mut self, line: Line<'_>) -> Result<(), Fault> {
        if self.last_word.is_some() {
            self.pass_over(line);
            return Ok(());
        }
        let problem = "its line end is missing".to_owned();
        Err(Fault::Garbage { number: line.number, quote: quote(line.bytes), problem })
    }

    /// How the host introduced itself, if it has.
    #[must_use]
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// The last message, if it has come.
    #[must_use]
    pub fn last_word(&self) -> Option<&LastWord> {
        self.last_word.as_ref()
    }

    /// Says what came after the last message, if anything did.
    ///
    /// ```
    /// use dockertest::host::{Conversation, LineReader, Task};
    ///
    /// let said = br#"{"hello":{"protocol":1,"api-version":"0.9.0","program":"my-subtests 1.0"}}
    /// {"listed":{"subtests":0}}
    /// bye
    /// "#;
    /// let mut conversation = Conversation::new(Task::List);
    /// LineReader::new().push(said, &mut |line| assert!(conversation.hear(line).is_ok()));
    /// let told = conversation.afterwards().unwrap();
    /// assert_eq!(told, "the host wrote a line to its standard output after its last message: `bye`");
    /// ```
    #[must_use]
    pub fn afterwards(&self) -> Option<String> {
        let (lines, first) = self.afterwards.as_ref()?;
        let lines = if *lines == 1 { "a line".to_owned() } else { format!("{lines} lines") };
        Some(format!("the host wrote {lines} to its standard output after its last message: `{first}`"))
    }

    fn greet(&mut self, message: HostMessage) -> Result<(), Fault> {
        let HostMessage::Hello(hello) = message else { return Err(Fault::NoHello(name(&message))) };
        let program = printable(&hello.program, QUOTED_CHARS);
        if hello.protocol != PROTOCOL {
            return Err(Fault::Protocol { program, protocol: hello.protocol });
        }
        if self.task == Task::Run && !API_VERSION.fits(hello.api_version) {
            return Err(Fault::Api { program, version: hello.api_version });
        }
        self.hello = Some(hello);
        Ok(())
    }

    fn finish(&mut self, line: Line<'_>, word: LastWord) -> Result<Option<HostMessage>, Fault> {
        if let Some(first) = &self.last_word {
            let (first, second) = (first.to_string(), word.to_string());
            return Err(Fault::SecondLastWord { number: line.number, first, second });
        }
        self.last_word = Some(word);
        Ok(None)
    }

    fn pass_over(&mut self, line: Line<'_>) -> Option<HostMessage> {
        self.afterwards.get_or_insert_with(|| (0, quote(line.bytes))).0 += 1;
        None
    }
}

fn parse(line: Line<'_>) -> Result<HostMessage, Fault> {
    if line.too_long {
        return Err(Fault::TooLong { number: line.number, quote: quote(line.bytes) });
    }
    serde_json::from_slice(line.bytes).map_err(|error| {
        let problem = match std::str::from_utf8(line.bytes) {
            Ok("") => "the line is empty".to_owned(),
            Ok(_) => without_place(&error.to_string()),
            Err(_) => "it is not UTF-8".to_owned(),
        };
        Fault::Garbage { number: line.number, quote: quote(line.bytes), problem }
    })
}

/// The text of a JSON error without its line, which is always 1 here.
fn without_place(error: &str) -> String {
    printable(&error.replace(" at line 1 column", ", column"), PROBLEM_CHARS)
}

/// The beginning of a line in a form that can be shown on a terminal.
pub(super) fn quote(bytes: &[u8]) -> String {
    printable(&String::from_utf8_lossy(&bytes[..bytes.len().min(4 * QUOTED_CHARS)]), QUOTED_CHARS)
}

/// Without anything that a terminal would obey, and not too long.
fn printable(text: &str, max_chars: usize) -> String {
    let mut shown = String::new();
    for (index, char) in text.chars().enumerate() {
        if index == max_chars {
            shown.push('…');
            break;
        }
        if char.is_control() { shown.extend(char.escape_debug()) } else { shown.push(char) }
    }
    shown
}

pub(super) fn name(message: &HostMessage) -> &'static str {
    match message {
        HostMessage::Hello(_) => "hello",
        HostMessage::Subtest(_) => "subtest",
        HostMessage::Config(_) => "config",
        HostMessage::Listed { .. } => "listed",
        HostMessage::Phase { .. } => "phase",
        HostMessage::Log { .. } => "log",
        HostMessage::Keyvals { .. } => "keyvals",
        HostMessage::SubsubtestStarted { .. } => "subsubtest-started",
        HostMessage::SubsubtestEnded { .. } => "subsubtest-ended",
        HostMessage::Reboot { .. } => "reboot",
        HostMessage::Ended(_) => "ended",
    }
}

impl fmt::Display for LastWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LastWord::Listed { subtests } => write!(f, "listed {subtests}"),
            LastWord::Ended(Ending { verdict, .. }) => write!(f, "ended {verdict}"),
            LastWord::Reboot { .. } => f.write_str("reboot"),
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::List => "list",
            Task::Run => "run",
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::verdict::Verdict;

    const HELLO: &str = r#"{"hello":{"protocol":1,"api-version":"0.9.0","program":"p 1"}}"#;
    const GOOD: &str = r#"{"ended":{"verdict":"GOOD","reason":"","seconds":0.5}}"#;

    fn talk(task: Task, lines: &[&str]) -> (Conversation, Result<Vec<HostMessage>, Fault>) {
        let mut conversation = Conversation::new(task);
        let hear =
            |(line, number): (&&str, u64)| conversation.hear(Line { number, bytes: line.as_bytes(), too_long: false });
        let messages: Result<Vec<_>, _> = lines.iter().zip(1..).map(hear).collect();
        (conversation, messages.map(|messages| messages.into_iter().flatten().collect()))
    }

    #[test]
    fn a_step_is_told_from_hello_to_its_end() {
        let (conversation, messages) = talk(Task::Run, &[HELLO, r#"{"phase":{"phase":"run_once"}}"#, GOOD]);
        assert_eq!(messages.unwrap().len(), 1);
        let Some(LastWord::Ended(ending)) = conversation.last_word() else { panic!("{conversation:?}") };
        assert_eq!((ending.verdict, conversation.afterwards()), (Verdict::Good, None));
    }

    #[test]
    fn what_follows_the_last_message_is_counted() {
        let (conversation, messages) = talk(Task::Run, &[HELLO, GOOD, "bye\u{7}", HELLO]);
        assert_eq!(messages.unwrap(), []);
        let text = "the host wrote 2 lines to its standard output after its last message: `bye\\u{7}`";
        assert_eq!(conversation.afterwards().as_deref(), Some(text));
    }

    #[rstest]
    #[case::garbage(&[HELLO, "hi"], "line 2 of the host's standard output is not a message of the protocol: `hi` (expected value, column 1)")]
    #[case::empty(&[HELLO, ""], "line 2 of the host's standard output is not a message of the protocol: `` (the line is empty)")]
    #[case::unknown(&[HELLO, r#"{"dance":1}"#], "line 2 of the host's standard output is not a message of the protocol: `{\"dance\":1}` (unknown variant `dance`, expected one of `hello`, `subtest`, `config`, `listed`, `phase`, `log`, `keyvals`, `subsubtest-started`, `subsubtest-ended`, `reboot`, `ended`, column 8)")]
    #[case::obeyed(&[r#"{"\u001b[2J":1}"#], "line 1 of the host's standard output is not a message of the protocol: `{\"\\u001b[2J\":1}` (unknown variant `\\u{1b}[2J`, expected one of `hello`, `subtest`, `config`, `listed`, `phase`, `log`, `keyvals`, `subsubtest-started`, `subsubtest-ended`, `reboot`, `ended`, column 12)")]
    #[case::no_hello(&[GOOD], "the host's first message is `ended`, expected `hello`")]
    #[case::two_hellos(&[HELLO, HELLO], "line 2 of the host's standard output is the message `hello`, which has no place in `run`")]
    #[case::listing(&[HELLO, r#"{"listed":{"subtests":0}}"#], "line 2 of the host's standard output is the message `listed`, which has no place in `run`")]
    #[case::two_ends(&[HELLO, GOOD, r#"{"reboot":{"resume-at":"a","reason":"b"}}"#], "line 3 of the host's standard output is `reboot`, but the host had already said `ended GOOD`")]
    #[case::protocol(&[r#"{"hello":{"protocol":7,"api-version":"0.9.0","program":"p 1"}}"#], "`p 1` speaks protocol 7, this program speaks 1; build both from the same version of dockertest")]
    #[case::api(&[r#"{"hello":{"protocol":1,"api-version":"0.8.1","program":"p 1"}}"#], "the subtests of `p 1` were written for API version 0.8.1, which does not fit 0.9.0; adapt and build them again")]
    fn faults_say_what_is_wrong(#[case] lines: &[&str], #[case] text: &str) {
        assert_eq!(talk(Task::Run, lines).1.unwrap_err().to_string(), text);
    }

    #[test]
    fn long_and_binary_lines_are_quoted_in_part() {
        assert_eq!(quote(b"a\0b\xff\n"), "a\\0b\u{fffd}\\n");
        assert_eq!(quote(&[b'x'; 1000]).chars().count(), QUOTED_CHARS + 1);
    }
}
