//! What `dockertest new` takes.

use clap::Args;

pub(super) const NEW_EXAMPLES: &str = "\
Examples:
  dockertest new disk_quota
      Write a crate for a plug-in into the folder disk_quota.
  dockertest new --in-tree docker_cli/my_test
      Write a subtest below subtests/subtests, with its options below config_defaults.";

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The subtest's name, which is also its place and its section: components of a-z, 0-9 and _, joined by `/`.
    pub(crate) name: String,
    /// Make a crate for a plug-in library, in a folder that is named after the subtest [default outside a checkout].
    #[arg(long, conflicts_with = "in_tree")]
    pub(crate) plugin: bool,
    /// Put it among the bundled subtests of the checkout that the working folder is in [default there].
    #[arg(long)]
    pub(crate) in_tree: bool,
    /// Where a plug-in's crate gets the library: a folder with its source, or a version [default: the source that this
    /// program was built from, else its version].
    #[arg(long, value_name = "FOLDER|VERSION", conflicts_with = "in_tree")]
    pub(crate) dockertest: Option<String>,
}
