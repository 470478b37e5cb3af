//! `dockertest X` for an X that is no command: runs the program `dockertest-X`, as git and cargo do.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::CommandFactory;

use crate::args::Arguments;
use crate::screen::Problem;

/// How many letters of a word may be wrong, missing, too many or swapped for a command to be suggested.
const WRONG_LETTERS: usize = 2;

/// Replaces this process by `dockertest-X`; returns only when there is no such program.
pub(crate) fn external(words: &[OsString]) -> Result<u8, Problem> {
    let (name, arguments) =
        words.split_first().map_or((OsStr::new(""), &[][..]), |(name, rest)| (name.as_os_str(), rest));
    let mut program = OsString::from("dockertest-");
    program.push(name);
    let error = Command::new(&program).args(arguments).exec();
    if error.kind() != ErrorKind::NotFound {
        return Err(Problem::new(format!("cannot run `{}`: {error}", program.display())));
    }
    Err(Problem::new(unknown(&name.to_string_lossy())))
}

/// What is said of a word that is no command.
pub(super) fn unknown(name: &str) -> String {
    let commands = Arguments::command();
    let names = commands.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name);
    let nearest = names
        .map(|known| (strsim::osa_distance(known, name), known))
        .filter(|(wrong, known)| *wrong <= WRONG_LETTERS && *wrong < known.len().min(name.len()))
        .min_by_key(|(wrong, _)| *wrong);
    let hint = nearest.map_or(String::new(), |(_, known)| format!("; did you mean `{known}`?"));
    format!(
        "`{name}` is not a command of dockertest, and there is no program `dockertest-{name}` in PATH{hint}\n\
         `dockertest --help` lists the commands"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_answered_with_the_nearest_command() {
        assert!(unknown("resme").contains("did you mean `resume`?"));
        assert!(!unknown("frobnicate").contains("did you mean"));
    }
}
