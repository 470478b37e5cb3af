//! Images that nobody uses, and names that nothing has.

use dockertest::engine::{Expected, MadeImage, Tags};
use dockertest::prelude::*;

use super::{Options, Rmi, deleted, is_podman, rmi, untagged};

/// An image with its names, and another one that must stay as it is.
struct Made {
    image: MadeImage,
    /// What the engine calls it.
    id: String,
    names: Vec<String>,
    before: Tags,
    bystander: String,
    bystander_before: Tags,
}

impl Made {
    fn new(ctx: &mut Context, prefix: &str, tags: &[&str]) -> Outcome<Made> {
        let (image, other) = (ctx.made_image()?, ctx.made_image()?);
        let repository = ctx.image_name(prefix);
        let names: Vec<String> = tags.iter().map(|tag| format!("{repository}:{tag}")).collect();
        let id = ctx.load(&image, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
        let bystander = ctx.load(&other, &[&format!("{repository}:bystander")])?;
        let api = ctx.api()?;
        let (before, bystander_before) = (Tags::of(&api, &id)?, Tags::of(&api, &bystander)?);
        Ok(Made { image, id, names, before, bystander, bystander_before })
    }

    /// Checks all names of both images.
    fn must_have(&self, ctx: &Context, expected: &Tags, seen: &Completed) -> Outcome {
        let api = ctx.api()?;
        Tags::of(&api, &self.id)?.must_be(expected, seen)?;
        Tags::of(&api, &self.bystander)?.must_be(&self.bystander_before, seen)
    }
}

/// Removes one of two names.
#[derive(Default)]
pub(super) struct OnlyTag;

impl SubSubtest<Rmi> for OnlyTag {
    fn run_once(&mut self, _rmi: &mut Rmi, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let made = Made::new(ctx, &options.rmi_repo_tag_name_prefix, &["removed", "kept"])?;
        let name = &made.names[0];
        let expected = Expected::of(ctx.section())?.unwrap_or(Expected::SUCCESS);
        let seen = rmi(ctx, &options, name)?.must_end(expected)?;
        if !expected.is_success() {
            return made.must_have(ctx, &made.before, &seen);
        }
        let seen = seen.prints(&untagged(ctx, name)?)?;
        made.must_have(ctx, &made.before.clone().without(ctx, name), &seen)
    }
}

/// Removes the only name.
#[derive(Default)]
pub(super) struct LastTag;

impl SubSubtest<Rmi> for LastTag {
    fn run_once(&mut self, _rmi: &mut Rmi, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let made = Made::new(ctx, &options.rmi_repo_tag_name_prefix, &["removed"])?;
        let name = &made.names[0];
        let expected = Expected::of(ctx.section())?.unwrap_or(Expected::SUCCESS);
        let seen = rmi(ctx, &options, name)?.must_end(expected)?;
        if !expected.is_success() {
            return made.must_have(ctx, &made.before, &seen);
        }
        let mut printed = untagged(ctx, name)? + &deleted(ctx, &made.id);
        // The layers, too, where they are the engine's own: there is one, which no other image has.
        if !is_podman(ctx) && made.id == made.image.id() {
            printed.extend(made.image.layers().iter().map(|layer| deleted(ctx, layer)));
        }
        let seen = seen.prints(&printed)?;
        made.must_have(ctx, &Tags::default(), &seen)?;
        seen.check(ctx.api()?.image(&made.id)?.is_none(), "the image is gone with its last name")
    }
}

/// Removes a name that nothing has.
#[derive(Default)]
pub(super) struct DeleteWrongName;

impl SubSubtest<Rmi> for DeleteWrongName {
    fn run_once(&mut self, _rmi: &mut Rmi, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let made = Made::new(ctx, &options.rmi_repo_tag_name_prefix, &["kept"])?;
        let name = made.names[0].replace(":kept", ":missing");
        let expected = match Expected::of(ctx.section())? {
            // What is not there needs no removal.
            _ if options.docker_rmi_force => Expected::SUCCESS,
            None | Some(Expected::Failure) => Expected::Status(1),
            Some(expected) => expected,
        };
        let seen = rmi(ctx, &options, &name)?.must_end(expected)?;
        seen.check_eq(seen.stdout_text(), "", "standard output when nothing is removed")?;
        if !(options.docker_rmi_force && is_podman(ctx)) {
            let said = seen.said().join("\n");
            let lower = said.to_lowercase();
            let says_why = lower.contains("no such image") || lower.contains("image not known");
            seen.check(says_why && said.contains(&name), format!("standard error says that there is no `{name}`"))?;
            seen.check_eq(seen.said().len(), 1, "the number of lines on standard error")?;
        }
        made.must_have(ctx, &made.before, &seen)
    }
}
