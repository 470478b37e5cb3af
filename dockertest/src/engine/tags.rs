//! All names that an image has.

use std::collections::BTreeSet;
use std::fmt;

use crate::engine::{Api, ApiFailure, Completed, ImageName};
use crate::outcome::Evidence;
use crate::subtest::{CheckFailed, Context, Outcome};

/// The names (with their tags) that an image has, by the engine's API.
///
/// ```no_run
/// use dockertest::engine::Tags;
/// use dockertest::prelude::*;
///
/// fn phase(ctx: &mut Context) -> Outcome {
///     let (image, name) = (ctx.made_image()?, ctx.image_name("test"));
///     let id = ctx.load(&image, &[&format!("{name}:1")])?;
///     let before = Tags::of(&*ctx.api()?, &id)?;
///     let seen = ctx.docker(["tag", &format!("{name}:1"), &format!("{name}:2")]).must_pass()?;
///     let after = Tags::of(&*ctx.api()?, &id)?;
///     after.must_be(&before.with(ctx, &format!("{name}:2")), &seen)
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(BTreeSet<String>);

impl Tags {
    /// The names of the image of this id or name; none if there is no such image.
    ///
    /// # Errors
    /// When the engine does not answer as it should.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let tags = dockertest::engine::Tags::of(&*ctx.api()?, &ctx.image()?)?;
    /// ctx.info(format!("the test image has the names {tags}"));
    /// # Ok(()) }
    /// ```
    pub fn of(api: &Api, image: &str) -> Result<Tags, ApiFailure> {
        let tags = api.image(image)?.and_then(|image| image.repo_tags).unwrap_or_default();
        Ok(Tags(tags.into_iter().collect()))
    }

    /// These names and one more, given here.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let before = dockertest::engine::Tags::of(&*ctx.api()?, &ctx.image()?)?;
    /// let expected = before.with(ctx, "other:1"); // with podman `localhost/other:1`
    /// # let _ = expected;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with(mut self, ctx: &Context, name: &str) -> Tags {
        self.0.insert(shown(ctx, name));
        self
    }

    /// These names without this one, which was given here.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (image, name) = (ctx.made_image()?, format!("{}:1", ctx.image_name("test")));
    /// let id = ctx.load(&image, &[&name])?;
    /// let left = dockertest::engine::Tags::of(&*ctx.api()?, &id)?.without(ctx, &name);
    /// assert!(left.is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn without(mut self, ctx: &Context, name: &str) -> Tags {
        self.0.remove(&shown(ctx, name));
        self
    }

    /// Whether there is none.
    ///
    /// ```
    /// assert!(dockertest::engine::Tags::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails unless these are the names that the image must have after a command.
    ///
    /// # Errors
    /// `FAIL` with the command and both lists of names.
    ///
    /// ```
    /// use dockertest::engine::{Completed, Tags};
    ///
    /// let seen = Completed::new("docker rmi x:1", 0, "Untagged: x:1\n", "");
    /// assert!(Tags::default().must_be(&Tags::default(), &seen).is_ok());
    /// ```
    pub fn must_be(&self, expected: &Tags, seen: &Completed) -> Outcome {
        if self == expected {
            return Ok(());
        }
        let evidence = Evidence {
            command: Some(seen.command.clone()),
            expected: Some(expected.to_string()),
            seen: Some(self.to_string()),
            ..Evidence::default()
        };
        let reason = format!("after `{}` the image has the names {self}, expected {expected}", seen.command);
        Err(CheckFailed::new(reason, evidence).into())
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        f.write_str(&names.join(", "))
    }
}

/// What the engine calls an image that was given this name here.
fn shown(ctx: &Context, name: &str) -> String {
    let flavor = ctx.engine().map_or("", |engine| engine.flavor.as_str());
    ImageName::parse(name).map_or_else(|_| name.to_owned(), |name| name.tagged().local(flavor))
}
