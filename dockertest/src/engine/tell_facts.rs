//! The part of a host that says what the engine is that it finds: the runner asks so within an instance.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::engine::facts::Inquiry;
use crate::host::HostProgram;

/// The word by which a host is started to say what the engine is that it finds.
pub const FACTS: &str = "facts";

/// Asks the engine that can be reached from here what it is, and prints the answer as a line of JSON. `arguments` are what
/// comes after the word [`FACTS`] on the command line: this program, `docker_path` and `docker_options`.
///
/// A host that is made with [`host::serve::main`](crate::host::serve::main) has this part already.
///
/// ```no_run
/// use dockertest::engine::{FACTS, tell_facts};
///
/// fn main() -> std::process::ExitCode {
///     let mut arguments = std::env::args_os().skip(1);
///     if arguments.next().is_some_and(|word| word == FACTS) {
///         return tell_facts(arguments);
///     }
///     // What the program does otherwise.
///     std::process::ExitCode::SUCCESS
/// }
/// ```
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the whole program")]
pub fn tell_facts(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    let [keeper, path, options] = words.as_slice() else {
        eprintln!("`{FACTS}` is for this program's own use");
        return ExitCode::from(2);
    };
    let facts = Inquiry::new(path, options, HostProgram::new(keeper)).facts();
    match serde_json::to_string(&facts) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot say what the engine is: {error}");
            ExitCode::FAILURE
        }
    }
}
