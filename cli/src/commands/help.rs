//! `dockertest help`

use clap::CommandFactory;

use crate::args::{Arguments, Help};
use crate::commands::external::unknown;
use crate::screen::{Problem, Screen};
use crate::status;

/// Shows what `--help` of the command shows.
pub(crate) fn help(wanted: &Help, screen: &Screen) -> Result<u8, Problem> {
    let mut all = Arguments::command();
    // Knows the options that all commands share, and the whole line of each one's usage.
    all.build();
    let command = match &wanted.command {
        None => &mut all,
        Some(name) => all.find_subcommand_mut(name).ok_or_else(|| Problem::new(unknown(name)))?,
    };
    let text = command.render_long_help();
    let text = if screen.colored_output() { text.ansi().to_string() } else { text.to_string() };
    screen.output(text)?;
    Ok(status::SUCCESS)
}
