//! The text of a callout with names in it, for which values are put in.
//!
//! It is one pass over the text: what is put in is not looked at again. A name counts as a whole, as `$NAME` or `${NAME}`;
//! names that are not ours, and what stands behind a backslash, are left to the shell.

use std::fmt::Write;

/// A name that has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    /// How many instances are still missing.
    InstanceCount,
    /// All ids that are to be disposed of.
    InstanceIds,
    /// The id of one instance.
    InstanceId,
    /// The files that must be in the instance.
    Files,
    /// A command, as words.
    Command,
    /// The same as one word, for what hands it on to another shell.
    QuotedCommand,
}

impl Variable {
    const ALL: [Variable; 6] = [
        Variable::InstanceCount,
        Variable::InstanceIds,
        Variable::InstanceId,
        Variable::Files,
        Variable::Command,
        Variable::QuotedCommand,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Variable::InstanceCount => "INSTANCE_COUNT",
            Variable::InstanceIds => "INSTANCE_IDS",
            Variable::InstanceId => "INSTANCE_ID",
            Variable::Files => "FILES",
            Variable::Command => "COMMAND",
            Variable::QuotedCommand => "QUOTED_COMMAND",
        }
    }
}

/// A part of a callout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Variable(Variable),
}

/// Takes a callout apart. Only the given names count.
pub(super) fn pieces<'a>(template: &'a str, known: &[Variable]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    // How much of `rest` is text.
    let mut text = 0;
    while let Some(at) = rest[text..].find(['$', '\\']).map(|found| text + found) {
        match reference(&rest[at..], known) {
            Ok((variable, bytes)) => {
                if at > 0 {
                    pieces.push(Piece::Text(&rest[..at]));
                }
                pieces.push(Piece::Variable(variable));
                rest = &rest[at + bytes..];
                text = 0;
            }
            Err(bytes) => text = at + bytes,
        }
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// What begins with a `$` or a backslash: a name of ours and how many bytes it has, or how many bytes are none.
fn reference(text: &str, known: &[Variable]) -> Result<(Variable, usize), usize> {
    let (first, after) = text.split_at(1);
    let next = after.chars().next().map_or(0, char::len_utf8);
    if first == "\\" || after.starts_with('$') {
        return Err(1 + next);
    }
    let (name, bytes) = match after.strip_prefix('{') {
        Some(inner) => inner.split_once('}').map(|(name, _)| (name, name.len() + 3)).ok_or(1_usize)?,
        None => {
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            (&after[..end], 1 + end)
        }
    };
    let found = Variable::ALL.into_iter().find(|variable| variable.name() == name && known.contains(variable));
    found.map(|variable| (variable, bytes)).ok_or(1)
}

/// A callout with its values put in.
pub(super) fn expand(template: &str, values: &[(Variable, String)]) -> String {
    let known: Vec<Variable> = values.iter().map(|(variable, _)| *variable).collect();
    let mut out = String::new();
    for piece in pieces(template, &known) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable(wanted) => {
                let value = values.iter().find(|(variable, _)| *variable == wanted);
                // Writing to a text cannot fail.
                let _ = write!(out, "{}", value.map_or("", |(_, value)| value));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Variable::{Command, Files, InstanceCount, InstanceId, InstanceIds, QuotedCommand};
    use super::*;
    use crate::environment::callout::quote::word;

    fn execute(template: &str, files: &str, command: &str) -> String {
        let values = [
            (InstanceId, "inst0".to_owned()),
            (Files, files.to_owned()),
            (Command, command.to_owned()),
            (QuotedCommand, word(command)),
        ];
        expand(template, &values)
    }

    /// Whole names, with and without braces, one pass.
    #[rstest]
    #[case::usual("q $INSTANCE_ID $FILES -- $COMMAND", "q inst0 /t/L -- prog run x")]
    #[case::braces("q ${INSTANCE_ID}:${FILES}", "q inst0:/t/L")]
    #[case::names_of_others(
        "[$INSTANCE_IDS] [$FILESX] [${FILESX}] [$FILES_] [$HOME]",
        "[$INSTANCE_IDS] [$FILESX] [${FILESX}] [$FILES_] [$HOME]"
    )]
    #[case::ends_at_anything_else("$INSTANCE_ID-x $INSTANCE_ID.y $INSTANCE_ID/z", "inst0-x inst0.y inst0/z")]
    #[case::with_a_default("${INSTANCE_ID:-x}", "${INSTANCE_ID:-x}")]
    #[case::escaped(r"\$COMMAND \\$INSTANCE_ID", r"\$COMMAND \\inst0")]
    #[case::process_id("$$INSTANCE_ID $$$INSTANCE_ID", "$$INSTANCE_ID $$inst0")]
    #[case::for_ssh("ssh $INSTANCE_ID $QUOTED_COMMAND", "ssh inst0 'prog run x'")]
    #[case::ends("$INSTANCE_ID $ ${ \\", "inst0 $ ${ \\")]
    #[case::not_ascii("ä$INSTANCE_ID\\ä€", "äinst0\\ä€")]
    fn a_name_counts_as_a_whole(#[case] template: &str, #[case] expected: &str) {
        assert_eq!(execute(template, "/t/L", "prog run x"), expected);
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        assert_eq!(execute("$COMMAND", "", "prog '$INSTANCE_ID'"), "prog '$INSTANCE_ID'");
    }

    #[test]
    fn each_callout_has_names_of_its_own() {
        let ids = [(InstanceIds, "baz quux".to_owned())];
        assert_eq!(expand("bar $INSTANCE_IDS", &ids), "bar baz quux");
        assert_eq!(expand("echo [$INSTANCE_IDSX] [$INSTANCE_ID]", &ids), "echo [$INSTANCE_IDSX] [$INSTANCE_ID]");
        assert_eq!(expand("p -c $INSTANCE_COUNT", &[(InstanceCount, "2".to_owned())]), "p -c 2");
    }
}
