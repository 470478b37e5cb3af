//! One change of a name, from the image that is made for it to the check of all its names.

use dockertest::engine::{Expected, ImageName, Object, Tags};
use dockertest::prelude::*;

use super::change::{Change, Words};
use super::{Options, Tag, expected, give, name_for};

/// The sub-subtest of one change.
#[derive(Default)]
pub(super) struct Case<C> {
    change: C,
    old: String,
    new: String,
    before: Tags,
    expected: Option<Expected>,
    words: Vec<String>,
    seen: Option<Completed>,
}

impl<C: Change> SubSubtest<Tag> for Case<C> {
    fn initialize(&mut self, tag: &mut Tag, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let old = name_for(ctx, &tag.base, "tag", "latest")?;
        self.old = old.to_string();
        let words = Words::new(ctx, &options.tag_repo_name_prefix, options.gen_lower_only);
        self.new = self.change.change(&old, &words);
        // What is no name cannot come about, and cannot be removed. What an engine may make of it, can.
        for new in [self.new.clone(), self.new.to_lowercase()] {
            if ImageName::parse(&new).is_ok() {
                ctx.own(Object::Image(new));
            }
        }
        if C::TWICE {
            give(ctx, &tag.base, &ImageName::parse(&self.new)?)?;
        }
        self.before = Tags::of(&*ctx.api()?, &tag.base)?;
        let is_wrong = !options.gen_lower_only && !C::MAY_HAVE_CAPITALS;
        self.expected = Some(match expected(ctx, &options)? {
            Expected::Status(0) if C::FORCE => Expected::Status(125),
            Expected::Status(0) if is_wrong => Expected::Failure,
            expected => expected,
        });
        self.words = vec!["tag".to_owned()];
        if options.tag_force {
            self.words.push("--force".to_owned());
        } else if C::FORCE {
            self.words.push("-f".to_owned());
        }
        self.words.extend([self.old.clone(), self.new.clone()]);
        Ok(())
    }

    fn run_once(&mut self, _tag: &mut Tag, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        self.seen = Some(ctx.docker(&self.words).timeout(options.docker_tag_timeout).run()?);
        Ok(())
    }

    fn postprocess(&mut self, tag: &mut Tag, ctx: &mut Context) -> Outcome {
        let (Some(seen), Some(expected)) = (self.seen.take(), self.expected) else { return Ok(()) };
        let seen = seen.must_end(expected)?;
        let after = Tags::of(&*ctx.api()?, &tag.base)?;
        if expected.is_success() {
            let seen = seen.prints("")?;
            return after.must_be(&self.before.clone().with(ctx, &self.new), &seen);
        }
        after.must_be(&self.before, &seen)?;
        seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
        seen.check(!seen.said().is_empty(), "the reason is said on standard error")
    }
}
