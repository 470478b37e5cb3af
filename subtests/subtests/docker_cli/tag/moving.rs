//! A name that another image has.

use dockertest::engine::Tags;
use dockertest::prelude::*;

use super::{Options, Tag, expected};

/// Gives one image a name that another one has.
#[derive(Default)]
pub(super) struct MoveTag;

impl SubSubtest<Tag> for MoveTag {
    fn run_once(&mut self, _tag: &mut Tag, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        if !expected(ctx, &options)?.is_success() {
            return Err(NotApplicable::because("the options want `docker tag` to fail: nothing moves then").into());
        }
        let (first, second) = (ctx.made_image()?, ctx.made_image()?);
        let repository = ctx.image_name("move");
        let [kept, moved, target] = ["kept", "moved", "target"].map(|tag| format!("{repository}:{tag}"));
        ctx.load(&first, &[&kept, &moved])?;
        ctx.load(&second, &[&target])?;
        let api = ctx.api()?;
        let (first_before, second_before) = (Tags::of(&api, &first.id())?, Tags::of(&api, &second.id())?);
        let seen = ctx.docker(["tag", &target, &moved]).timeout(options.docker_tag_timeout).run()?.must_pass()?;
        let seen = seen.prints("")?;
        Tags::of(&api, &second.id())?.must_be(&second_before.with(ctx, &moved), &seen)?;
        Tags::of(&api, &first.id())?.must_be(&first_before.without(ctx, &moved), &seen)
    }
}
