//! Pulls of one image that succeed.

use dockertest::engine::Expected;
use dockertest::prelude::*;

use super::source::{LATEST, Source};
use super::told::{self, Before};
use super::{Options, Pull, pull};

/// Pulls the configured tag by its name, and once more.
#[derive(Default)]
pub(super) struct Good;

impl SubSubtest<Pull> for Good {
    fn run_once(&mut self, parent: &mut Pull, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let source = Source::new(ctx, parent.registry()?, &options)?;
        let tag = options.docker_repo_tag.as_str();
        let name = source.name(tag)?.to_string();
        let had = source.had(ctx, tag)?;
        let expected = Expected::of(ctx.section())?.unwrap_or(Expected::SUCCESS);
        let seen = pull(ctx, &options, &[&name])?.must_end(expected)?;
        let Some(image) = source.image(tag) else {
            return if expected.is_success() {
                unknown(ctx, &source, tag, &seen)
            } else {
                absent(ctx, &name, had, &seen)
            };
        };
        if !expected.is_success() {
            return source.must_be_there(ctx, &[], &seen);
        }
        told::check(ctx, &seen, (&source, tag, image), Before::Nothing, &[])?;
        source.must_be_there(ctx, &[tag], &seen)?;
        let again = pull(ctx, &options, &[&name])?.must_pass()?;
        told::check(ctx, &again, (&source, tag, image), Before::All, &[])?;
        source.must_be_there(ctx, &[tag], &again)
    }
}

/// Pulls a name without a tag.
#[derive(Default)]
pub(super) struct DefaultTag;

impl SubSubtest<Pull> for DefaultTag {
    fn run_once(&mut self, parent: &mut Pull, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let source = Source::new(ctx, parent.registry()?, &options)?;
        source.had(ctx, LATEST)?;
        let seen = pull(ctx, &options, &[&source.repository()])?.must_pass()?;
        let Some(image) = source.image(LATEST) else { return unknown(ctx, &source, LATEST, &seen) };
        told::check(ctx, &seen, (&source, LATEST, image), Before::Nothing, &["Using default tag: latest"])?;
        source.must_be_there(ctx, &[LATEST], &seen)
    }
}

/// What must hold of an image of which nothing is known beforehand: it is there, with the digest that was told.
fn unknown(ctx: &Context, source: &Source, tag: &str, seen: &Completed) -> Outcome {
    let name = source.name(tag)?;
    let found = ctx.api()?.image(&name.canonical())?;
    seen.check(found.is_some(), format!("`{name}` is there"))?;
    let Some(digest) = told::digest(seen) else { return Ok(()) };
    let digests = found.and_then(|found| found.repo_digests).unwrap_or_default();
    let is_known = digests.iter().any(|known| known.ends_with(&format!("@{digest}")));
    seen.check(is_known, format!("the engine knows the digest {digest}, seen {}", digests.join(" ")))
}

/// What must hold after a pull that had to fail: nothing has come.
fn absent(ctx: &Context, name: &str, had: bool, seen: &Completed) -> Outcome {
    let there = ctx.api()?.image(name)?.is_some();
    seen.check_eq(there, had, format!("whether `{name}` is there"))
}
