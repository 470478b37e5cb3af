//! Pulls that cannot succeed.

use dockertest::engine::{Expected, ImageName};
use dockertest::prelude::*;

use super::source::Source;
use super::{Options, Pull, is_podman, pull};

/// Pulls a tag that the registry does not have.
#[derive(Default)]
pub(super) struct WrongTag;

impl SubSubtest<Pull> for WrongTag {
    fn run_once(&mut self, parent: &mut Pull, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let registry = parent.registry()?;
        // The registry has other tags of this name.
        let others = Options { docker_repo_tag: "other".to_owned(), ..ctx.config()? };
        let source = Source::new(ctx, registry, &others)?;
        let name = source.name(&options.docker_repo_tag)?;
        let seen = refused(ctx, &options, &name)?;
        let said = seen.said().join("\n");
        // A registry that wants to know who asks does not tell what it has.
        let reasons = ["manifest unknown", "not found", "denied", "unauthorized"];
        let says_why = reasons.iter().any(|reason| said.contains(reason));
        seen.check(says_why, "standard error says that there is no such tag (`manifest unknown`)")?;
        seen.check(says_name(&said, &name), format!("standard error names `{name}`"))?;
        source.must_be_there(ctx, &[], &seen)
    }
}

/// Pulls from where nobody listens.
#[derive(Default)]
pub(super) struct WrongRegistryAddr;

impl SubSubtest<Pull> for WrongRegistryAddr {
    fn run_once(&mut self, _parent: &mut Pull, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let path = ctx.unique_name(&options.docker_repo_name);
        let host = &options.docker_registry_host;
        let name = ImageName::parse(&format!("{host}/{path}:{}", options.docker_repo_tag))?;
        let seen = refused(ctx, &options, &name)?;
        let said = seen.said().join("\n");
        let reasons = ["connection refused", "no such host", "lookup ", "no route to host", "unreachable", "timeout"];
        let says_why = reasons.iter().any(|reason| said.contains(reason));
        seen.check(says_why, "standard error says why nobody answers (such as `connection refused`)")?;
        let address =
            host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host.as_str(), |(name, _)| name);
        seen.check(said.contains(address), format!("standard error names `{host}`"))?;
        let there = ctx.api()?.image(&name.canonical())?.is_some();
        seen.check(!there, format!("`{name}` is not there"))
    }
}

/// A pull that must fail, with nothing on standard output.
fn refused(ctx: &Context, options: &Options, name: &ImageName) -> Outcome<Completed> {
    let expected = match Expected::of(ctx.section())?.unwrap_or(Expected::Failure) {
        Expected::Failure => Expected::Status(if is_podman(ctx) { 125 } else { 1 }),
        expected @ Expected::Status(_) => expected,
    };
    let seen = pull(ctx, options, &[&name.to_string()])?.must_end(expected)?;
    seen.check_eq(seen.stdout_text(), "", "standard output of a pull that fails")?;
    Ok(seen)
}

/// Podman names the tag and the repository apart.
fn says_name(said: &str, name: &ImageName) -> bool {
    said.contains(&name.to_string()) || said.contains(&name.canonical())
}
