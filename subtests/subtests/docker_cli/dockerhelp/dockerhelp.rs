//! `docker help`: whoever asks for help gets it, and whoever types nonsense is told so.
//!
//! Sub-subtest `help_simple` gives words that ask for help in general (`success_option_list`): they must end with
//! status 0, and print on standard output, and only there, how the program is used, with its commands. All of them must
//! print the same. Then it gives words that mean nothing (`failure_option_list`): they must end with the right status,
//! print nothing on standard output, and say on standard error what is wrong (with the word itself) and how to get help.
//!
//! Sub-subtest `help_commands` asks for help on each command in turn, as `docker help COMMAND` and as `docker COMMAND
//! --help`. Both must print the same on standard output, and nothing on standard error: how that command is used (and no
//! other one), its options, and in one line what it does. The general help must have the command with the same line. The
//! options that `promised_options` lists must be among those that are shown. Many commands have a second name, such as
//! `docker container run`: its help must show the same options.
//!
//! Nothing is changed in the engine, and none is needed.
//!
//! # Engines
//! Until 2014 unknown words counted as a question for help, which was printed on standard error. Today they are refused:
//! by docker with status 1 (unknown options: 125), by podman with 125. `docker build --help` of a client without buildx
//! says on standard error that the old builder is deprecated; that is allowed. Podman shows some values of an option in
//! another order each time, so only the words of its texts are compared.

mod commands;
mod text;

use dockertest::config::types;
use dockertest::engine::Sign;
use dockertest::prelude::*;
use serde::Deserialize;

/// Signs that may be in a help text: it explains the usage, may speak of errors, and may be translated.
const OF_HELP: [Sign; 3] = [Sign::Usage, Sign::Error, Sign::Unprintable];

/// The options of the section `[docker_cli/dockerhelp/help_simple]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    success_option_list: Vec<String>,
    #[serde(with = "types::list")]
    failure_option_list: Vec<String>,
    #[serde(with = "types::list")]
    failure_status_list: Vec<i32>,
    #[serde(with = "types::list")]
    podman_failure_status_list: Vec<i32>,
}

#[derive(Default)]
struct DockerHelp {
    /// What the general help was, by the first words that asked for it.
    general: Option<String>,
}

impl Subtest for DockerHelp {}

impl DockerHelp {
    /// The general help, asked for once.
    fn general(&mut self, ctx: &Context) -> Outcome<String> {
        if let Some(text) = &self.general {
            return Ok(text.clone());
        }
        let seen = general_help(ctx, &["help".to_owned()])?;
        let text = seen.stdout_text().into_owned();
        self.general = Some(text.clone());
        Ok(text)
    }
}

/// Whether the command line is podman's.
fn is_podman(ctx: &Context) -> bool {
    ctx.engine().and_then(|engine| engine.facts.get("client-flavor")).is_some_and(|flavor| flavor == "podman")
}

/// How the command line calls itself.
fn program(ctx: &Context) -> &'static str {
    if is_podman(ctx) { "podman" } else { "docker" }
}

/// Asks for help in general and checks what comes.
fn general_help(ctx: &Context, words: &[String]) -> Outcome<Completed> {
    let seen = ctx.docker(words.iter().cloned()).must_pass()?.clean_but(&OF_HELP)?;
    seen.check_eq(seen.said().join("\n"), "", "what is printed on standard error")?;
    let text = seen.stdout_text().into_owned();
    let usage = text::usage(&text).unwrap_or_default();
    let is_general = usage.strip_prefix(program(ctx)).is_some_and(|rest| rest.trim_start().starts_with('['));
    seen.check(is_general, "the usage of the program is shown, with no command in it")?;
    seen.check(!text::commands(&text).is_empty(), "the commands are listed under a heading `Commands:`")?;
    seen.check(text::options(&text).iter().any(|option| option == "--version"), "the option --version is listed")?;
    Ok(seen)
}

#[derive(Default)]
struct HelpSimple;

impl SubSubtest<DockerHelp> for HelpSimple {
    fn run_once(&mut self, parent: &mut DockerHelp, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        for item in &options.success_option_list {
            let seen = general_help(ctx, &words(item)?)?;
            let first = parent.general.get_or_insert_with(|| seen.stdout_text().into_owned());
            seen.check_eq(comparable(ctx, &seen.stdout_text()), comparable(ctx, first), "the general help")?;
        }
        let statuses = if is_podman(ctx) { &options.podman_failure_status_list } else { &options.failure_status_list };
        for (index, item) in options.failure_option_list.iter().enumerate() {
            let status = statuses.get(index).or(statuses.last()).copied();
            is_refused(ctx, &words(item)?, status)?;
        }
        Ok(())
    }
}

/// Gives words that mean nothing. Without a status, any but 0 will do.
fn is_refused(ctx: &Context, words: &[String], status: Option<i32>) -> Outcome {
    let command = ctx.docker(words.iter().cloned());
    let seen = match status {
        Some(status) => command.must_fail(status)?,
        None => command.must_fail_any()?,
    };
    let seen = seen.clean_but(&OF_HELP)?;
    seen.check_eq(seen.stdout_text(), "", "what is printed on standard output")?;
    let said = seen.said().join("\n");
    let wrong = words.last().map_or("", String::as_str);
    seen.check(said.contains(wrong), format!("standard error says what is wrong, with `{wrong}` in it"))?;
    let is_complaint = text::says_that_something_is_unknown(&said);
    seen.check(is_complaint, "standard error begins with a complaint: that something is unknown or no command")?;
    seen.check(said.contains("--help"), "standard error says how to get help (`--help`)")
}

/// The words of an item, as they are typed into a shell.
fn words(item: &str) -> Outcome<Vec<String>> {
    let open =
        || Failure::new(dockertest::verdict::Verdict::Error, format!("an option list has an open quote: {item}"));
    shlex::split(item).ok_or_else(open)
}

/// Podman has lists of values that it shows in another order each time.
fn comparable(ctx: &Context, text: &str) -> String {
    if !is_podman(ctx) {
        return text.to_owned();
    }
    let mut words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ',').collect();
    words.sort_unstable();
    words.join(" ").trim().to_owned()
}

dockertest::subtest!(
    DockerHelp,
    "Whoever asks for help gets it, and whoever types nonsense is told so.",
    sequential { help_simple: HelpSimple, help_commands: commands::HelpCommands }
);
