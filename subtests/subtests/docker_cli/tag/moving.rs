//! A name that another image has.

use dockertest::engine::Tags;
use dockertest::prelude::*;

use super::{Options, Tag, expected, name_for};

/// Gives one image a name that another one has.
#[derive(Default)]
pub(super) struct MoveTag;

impl SubSubtest<Tag> for MoveTag {
    fn run_once(&mut self, tag: &mut Tag, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        if !expected(ctx, &options)?.is_success() {
            return Err(NotApplicable::because("the options want `docker tag` to fail: nothing moves then").into());
        }
        // The other image, which loses a name, is a small one.
        let (image, second) = (ctx.made_image()?, &tag.base);
        let repository = ctx.image_name("move");
        let [kept, moved] = ["kept", "moved"].map(|tag| format!("{repository}:{tag}"));
        let first = ctx.load(&image, &[&kept, &moved])?;
        let target = name_for(ctx, second, "target", "latest")?.to_string();
        let api = ctx.api()?;
        let (first_before, second_before) = (Tags::of(&api, &first)?, Tags::of(&api, second)?);
        let seen = ctx.docker(["tag", &target, &moved]).timeout(options.docker_tag_timeout).run()?.must_pass()?;
        let seen = seen.prints("")?;
        Tags::of(&api, second)?.must_be(&second_before.with(ctx, &moved), &seen)?;
        Tags::of(&api, &first)?.must_be(&first_before.without(ctx, &moved), &seen)
    }
}
