//! `dockertest completions`

use clap::CommandFactory;

use crate::args::{Arguments, Completions};
use crate::screen::{Problem, Screen};
use crate::status;

pub(crate) fn completions(completions: &Completions, screen: &Screen) -> Result<u8, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut Arguments::command(), "dockertest", &mut script);
    screen.output(&script)?;
    Ok(status::SUCCESS)
}
