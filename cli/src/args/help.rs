//! What `dockertest help` and `dockertest completions` take.

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct Help {
    /// The command [default: an overview of all].
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell to print the script for.
    pub(crate) shell: Shell,
}
