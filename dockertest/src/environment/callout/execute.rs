//! An instance of a callout: how a host program is started in it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::quote::{inner, quoted, word, words};
use super::template::{Piece, Variable, pieces};
use super::{INSTANCE_VARIABLE, Shared};
use crate::environment::{DisposeFailure, Instance};
use crate::host::HostProgram;

/// The environment variable with the results folder of the run.
const RESULTS_VARIABLE: &str = "DOCKERTEST_RESULTS";

/// What stands in the file of an instance while a command goes on in it.
const GOING_ON: &str = "-";

/// Makes words for a shell of all arguments, as `quote` does: `further`, and `inner` for between single quotes. Usual ones
/// are not special, and cost nothing.
const FURTHER: &str = r#"escaped() { printf '%s' "$1" | sed "s/'/'\\\\''/g"; }
further=
for word; do
    case $word in
        ''|*[!A-Za-z0-9_@%+=:,./-]*) further="$further '$(escaped "$word")'";;
        *) further="$further $word";;
    esac
done
case $further in
    *\'*) inner=$(escaped "$further");;
    *) inner=$further;;
esac
"#;

/// An instance.
#[derive(Debug)]
pub(super) struct InCallout {
    id: String,
    /// How the last command ended is in there.
    status: PathBuf,
    mark: String,
    shared: Arc<Shared>,
}

impl InCallout {
    pub(super) fn new(id: String, shared: Arc<Shared>) -> InCallout {
        let state = shared.state();
        let number = state.live.get(&id).copied().unwrap_or(0);
        let folder = state.record.as_ref().map(|record| record.path().to_owned());
        let file = format!("status-{}-{number}", std::process::id());
        let (status, mark) = (folder.unwrap_or_else(|| shared.records.clone()).join(file), state.mark(&id));
        drop(state);
        InCallout { id, status, mark, shared }
    }
}

impl Instance for InCallout {
    fn id(&self) -> &str {
        &self.id
    }

    /// The program that is started is a shell here, which calls `instance_execute` with the whole command. Its standard
    /// streams and its status are those of the callout.
    fn host(&self, program: &HostProgram, folder: &Path) -> HostProgram {
        let all = command(program);
        let files = files(&all);
        let mut arguments =
            vec!["-c".into(), self.script(&all, &files, folder).into(), HostProgram::CALLOUT_WORD.into()];
        // So that people see what it is: the script passes them over.
        arguments.extend(all.iter().map(|text| OsStr::new(text).to_owned()));
        HostProgram { path: "/bin/sh".into(), arguments }
    }

    fn problem(&self) -> Option<String> {
        let status = fs::read_to_string(&self.status).ok()?;
        let id = &self.id;
        match status.trim() {
            "0" => None,
            GOING_ON => Some(format!("the last command in the instance `{id}` was killed; it is not used any more")),
            status => {
                let what = format!("`instance_execute` ended with status {status} in the instance `{id}`");
                Some(format!("{what}, which is not used any more"))
            }
        }
    }

    fn dispose(self: Box<Self>) -> Result<(), DisposeFailure> {
        self.shared.dispose(vec![self.id.clone()]).into_iter().next().map_or(Ok(()), Err)
    }
}

impl Drop for InCallout {
    fn drop(&mut self) {
        for failure in self.shared.dispose(vec![self.id.clone()]) {
            self.shared.tell(&failure.to_string());
        }
        // There is none if nothing was run in it.
        let _none = fs::remove_file(&self.status);
    }
}

/// The program with its arguments, from the root where it is a file.
fn command(program: &HostProgram) -> Vec<String> {
    let text = |word: &OsStr| word.to_string_lossy().into_owned();
    let is_path = program.path.components().count() > 1;
    let path = if is_path { absolute(&program.path) } else { program.path.clone() };
    let argument = |argument: &OsStr| {
        let path = Path::new(argument);
        if path.is_file() { text(absolute(path).as_os_str()) } else { text(argument) }
    };
    let arguments = program.arguments.iter().map(|word| argument(word));
    std::iter::once(text(path.as_os_str())).chain(arguments).collect()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The words of a command that are files: the program itself, a plug-in, a script.
fn files(command: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let is_file = |word: &&String| word.starts_with('/') && Path::new(word).is_file();
    command.iter().filter(is_file).filter(|word| seen.insert((*word).clone())).cloned().collect()
}

impl InCallout {
    /// Puts in what stands behind the program's own arguments, such as `list` or `run NAME`, and calls.
    fn script(&self, command: &[String], files: &[String], folder: &Path) -> String {
        let Shared { callouts, folder: project, .. } = &*self.shared;
        let command_words = words(command.iter().map(String::as_str));
        let file_words = words(files.iter().map(String::as_str));
        let id = word(&self.id);
        let variables = [
            (Variable::InstanceId.name(), quoted(&self.id)),
            (Variable::Files.name(), quoted(&file_words)),
            (Variable::Command.name(), format!("{}\"$further\"", quoted(&command_words))),
            (RESULTS_VARIABLE, quoted(&folder.to_string_lossy())),
            (INSTANCE_VARIABLE, quoted(&self.mark)),
        ];
        let mut script = format!("shift {}\n{FURTHER}", command.len());
        // Writing to a text cannot fail.
        let _ = writeln!(script, "cd -- {} || exit 125", quoted(&project.to_string_lossy()));
        for (name, value) in variables {
            let _ = writeln!(script, "export {name}={value}");
        }
        let mut text = String::new();
        let known = [Variable::InstanceId, Variable::Files, Variable::Command, Variable::QuotedCommand];
        for piece in pieces(&callouts.execute, &known) {
            text.push_str(&match piece {
                Piece::Text(text) => quoted(text),
                Piece::Variable(Variable::InstanceId) => quoted(&id),
                Piece::Variable(Variable::Files) => quoted(&file_words),
                Piece::Variable(Variable::QuotedCommand) => {
                    format!("{}\"$inner\"{}", quoted(&format!("'{}", inner(&command_words))), quoted("'"))
                }
                Piece::Variable(_) => format!("{}\"$further\"", quoted(&command_words)),
            });
        }
        let status = quoted(&self.status.to_string_lossy());
        let _ = writeln!(script, "echo {GOING_ON} >{status}");
        let _ = writeln!(script, "/bin/sh -c {text} instance_execute");
        let _ = writeln!(script, "status=$?\necho $status >{status}\nexit $status");
        script
    }
}
