//! What there is to be pulled, and what the engine has of it.

use dockertest::engine::{ImageName, MadeImage, Object, Registry};
use dockertest::prelude::*;

use super::Options;

/// The tag that a name without one means.
pub(super) const LATEST: &str = "latest";

/// An image at a registry, under two tags.
pub(super) struct Source {
    host: String,
    path: String,
    /// Tags and what they stand for, which is known at a registry of our own.
    held: Vec<(String, MadeImage)>,
}

impl Source {
    /// Puts two images into the registry, if it is ours, under a name that nothing else has.
    pub(super) fn new(ctx: &mut Context, registry: &Registry, options: &Options) -> Outcome<Source> {
        let name = &options.docker_repo_name;
        let name = if registry.is_ours() { ctx.unique_name(name) } else { name.clone() };
        let user = Some(&options.docker_registry_user).filter(|user| !user.is_empty());
        let path = user.map_or_else(|| name.clone(), |user| format!("{user}/{name}"));
        let mut held = Vec::new();
        if registry.is_ours() {
            let other = if options.docker_repo_tag == LATEST { "other" } else { &options.docker_repo_tag };
            for tag in [LATEST, other] {
                let image = ctx.made_image()?;
                registry.put(&path, tag, &image)?;
                held.push((tag.to_owned(), image));
            }
            ctx.own(Object::Image(format!("{}/{path}", registry.host())));
        }
        Ok(Source { host: registry.host().to_owned(), path, held })
    }

    /// The name there, without a tag.
    pub(super) fn repository(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The name with a tag.
    pub(super) fn name(&self, tag: &str) -> Outcome<ImageName> {
        Ok(ImageName::parse(&format!("{}:{tag}", self.repository()))?)
    }

    /// What a tag stands for, if that is known.
    pub(super) fn image(&self, tag: &str) -> Option<&MadeImage> {
        self.held.iter().find(|(held, _)| held == tag).map(|(_, image)| image)
    }

    /// All tags that are known.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.held.iter().map(|(tag, _)| tag.as_str())
    }

    /// Whether the engine has a tag already. If not, the promise that it is removed after the step.
    pub(super) fn had(&self, ctx: &mut Context, tag: &str) -> Outcome<bool> {
        let (api, name) = (ctx.api()?, self.name(tag)?);
        let had = api.image(&name.canonical())?.is_some();
        let stays = ctx.section().list("preserve_fqins").contains(&name.familiar());
        // The name of the image in the section is that of the test image, which otherwise stays.
        if !had && self.held.is_empty() && ctx.removes_after_test() && !stays {
            ctx.defer(format!("remove image {name}"), move || {
                api.remove_image(&name.canonical(), false)?;
                Ok(())
            });
        }
        Ok(had)
    }

    /// Checks that the engine has exactly these of the tags that the registry holds.
    pub(super) fn must_be_there(&self, ctx: &Context, tags: &[&str], seen: &Completed) -> Outcome {
        for (tag, image) in &self.held {
            let name = self.name(tag)?;
            let found = ctx.api()?.image(&name.canonical())?;
            if !tags.contains(&tag.as_str()) {
                seen.check(found.is_none(), format!("`{name}`, which was not asked for, is not there"))?;
                seen.check(ctx.api()?.image(&image.id())?.is_none(), format!("nothing of `{name}` is there"))?;
                continue;
            }
            let found = found.unwrap_or_default();
            let id = sha256(&found.id.unwrap_or_default());
            // Engines that keep their images in containerd have the digest for an id.
            let expected = if id == image.digest() { image.digest() } else { image.id() };
            seen.check_eq(id, expected, format!("the id of `{name}`"))?;
            let layers = found.root_fs.and_then(|root| root.layers).unwrap_or_default();
            seen.check_eq(layers.join(" "), image.layers().join(" "), format!("the layers of `{name}`"))?;
            let names = found.repo_tags.unwrap_or_default();
            seen.check_eq(names.join(" "), &name, format!("all names of the image `{name}`"))?;
            let digests = found.repo_digests.unwrap_or_default();
            let digest = format!("{}@{}", self.repository(), image.digest());
            seen.check_eq(digests.join(" "), digest, format!("all digests of the image `{name}`"))?;
        }
        Ok(())
    }
}

/// An id with the algorithm in front, which podman leaves out.
pub(super) fn sha256(id: &str) -> String {
    if id.is_empty() || id.contains(':') { id.to_owned() } else { format!("sha256:{id}") }
}
