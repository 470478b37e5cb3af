//! Where configuration and subtests come from.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Where configuration comes from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Sources {
    /// Folder of the shipped configuration [default: ./config_defaults if there is one, else the built-in files].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) config_defaults: Option<PathBuf>,
    /// Folder of your own configuration [default: ./config_custom if there is one].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) config_custom: Option<PathBuf>,
    /// Override an option; without a section, in DEFAULTS. May be repeated, the last one wins.
    #[arg(long, value_name = "[SECTION.]OPTION=VALUE")]
    pub(crate) set: Vec<String>,
}

/// Where subtests come from besides the bundled ones.
#[derive(Debug, Args)]
#[command(next_help_heading = "Plug-ins")]
struct Outside {
    /// A plug-in with more subtests (a library or an executable), or a folder of them. May be repeated.
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    plugin: Vec<PathBuf>,
}

/// Which subtests there are, and how they are configured.
#[derive(Debug, Args)]
pub(crate) struct Suite {
    #[command(flatten)]
    pub(crate) sources: Sources,
    #[command(flatten)]
    outside: Outside,
}

impl Suite {
    /// Plug-ins that are named.
    pub(crate) fn plugins(&self) -> &[PathBuf] {
        &self.outside.plugin
    }
}
