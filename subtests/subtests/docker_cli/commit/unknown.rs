//! A container that is not there.

use dockertest::prelude::*;

use super::{Commit, Options, commit, is_podman};

/// Commits a container of a name that nothing has.
#[derive(Default)]
pub(super) struct UnknownContainer;

impl SubSubtest<Commit> for UnknownContainer {
    fn run_once(&mut self, _commit: &mut Commit, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let image = format!("{}:committed", ctx.image_name(&options.commit_repo_name_prefix));
        let container = ctx.unique_name("missing");
        let seen = commit(ctx, &options, &[], &container, &image)?;
        let seen = seen.must_fail(if is_podman(ctx) { 125 } else { 1 })?;
        seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
        let said = seen.said().join("\n");
        let says_why = said.to_lowercase().contains("no such container") && said.contains(&container);
        seen.check(says_why, format!("standard error says that there is no container `{container}`"))?;
        seen.check(ctx.api()?.image(&image)?.is_none(), format!("there is no image `{image}`"))
    }
}
