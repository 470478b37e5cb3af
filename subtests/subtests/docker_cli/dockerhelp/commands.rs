//! The help on each command.

use std::collections::BTreeMap;

use dockertest::config::types;
use dockertest::prelude::*;
use serde::Deserialize;

use super::{DockerHelp, OF_HELP, comparable, program, text};

/// The beginning of what a client without buildx says before it builds.
const DEPRECATED: &str = "DEPRECATED:";

/// The options of the section `[docker_cli/dockerhelp/help_commands]`.
#[derive(Debug, Deserialize)]
struct Options {
    /// Separated by blanks.
    help_commands: String,
    #[serde(with = "types::list")]
    promised_options: Vec<String>,
    /// Separated by blanks.
    management_commands: String,
    /// Items such as `image ls = images`.
    #[serde(with = "types::list")]
    same_commands: Vec<String>,
}

#[derive(Default)]
pub(super) struct HelpCommands;

impl SubSubtest<DockerHelp> for HelpCommands {
    fn run_once(&mut self, parent: &mut DockerHelp, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let mut promised: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for item in &options.promised_options {
            let mut words = item.split_whitespace();
            promised.entry(words.next().unwrap_or_default()).or_default().extend(words);
        }
        let general = parent.general(ctx)?;
        let listed = text::commands(&general);
        for command in options.management_commands.split_whitespace() {
            check!(listed.contains_key(command), "the general help lists `{command}`");
        }
        let mut shown_options = BTreeMap::new();
        for command in options.help_commands.split_whitespace() {
            let help = help_on(ctx, command)?;
            let shown = help.stdout_text();
            let summary = listed.get(command).map_or("", String::as_str);
            help.check(!summary.is_empty(), format!("the general help lists `{command}`"))?;
            let same_line =
                shown.lines().any(|line| line.trim().trim_end_matches('.') == summary.trim_end_matches('.'));
            help.check(same_line, format!("it has the line that the general help has: `{summary}`"))?;
            let options = text::options(&shown);
            shown_options.insert(command, options.clone());
            for option in promised.get(command).into_iter().flatten() {
                help.check(options.iter().any(|shown| shown == option), format!("the option {option} is shown"))?;
            }
        }
        for item in &options.same_commands {
            let (long, short) = item.split_once('=').unwrap_or((item, item));
            if let Some(options) = shown_options.get(short.trim()) {
                has_same_options(ctx, long.trim(), options)?;
            }
        }
        Ok(())
    }
}

/// Asks for help on a command that is there under another name, too.
fn has_same_options(ctx: &Context, command: &str, expected: &[String]) -> Outcome {
    let words = command.split_whitespace().chain(["--help"]);
    let seen = ctx.docker(words).must_pass()?.clean_but(&OF_HELP)?;
    let sorted = |options: &[String]| {
        let mut options = options.to_vec();
        options.sort_unstable();
        options.join(" ")
    };
    let shown = text::options(&seen.stdout_text());
    seen.check_eq(sorted(&shown), sorted(expected), "the options of a command with two names")
}

/// Asks for help on a command in both ways.
fn help_on(ctx: &Context, command: &str) -> Outcome<Completed> {
    let mut first: Option<String> = None;
    let mut last = None;
    for words in [["help", command], [command, "--help"]] {
        let seen = ctx.docker(words).must_pass()?.clean_but(&OF_HELP)?;
        let said = seen.said().join("\n");
        if command != "build" || !said.starts_with(DEPRECATED) {
            seen.check_eq(said, "", "what is printed on standard error")?;
        }
        let shown = seen.stdout_text().into_owned();
        let usage = text::usage(&shown).unwrap_or_default();
        let own = format!("{} {command}", program(ctx));
        let is_own = usage.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        seen.check(is_own, format!("it is the usage of `{own}`, and begins with that"))?;
        seen.check(shown.to_lowercase().matches("usage:").count() == 1, "the usage is shown once")?;
        seen.check(text::commands(&shown).is_empty(), "no commands are listed")?;
        let first = first.get_or_insert_with(|| shown.clone());
        seen.check_eq(comparable(ctx, &shown), comparable(ctx, first), format!("the help on `{command}`"))?;
        last = Some(seen);
    }
    last.ok_or_else(|| Failure::new(dockertest::verdict::Verdict::Error, "nobody was asked for help"))
}
