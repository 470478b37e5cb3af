//! Whose something is that was found.

use std::path::PathBuf;

use dockertest::engine::inventory::{Item, Sort, promised};
use dockertest::engine::{ImageName, Object};
use dockertest::prelude::*;

use crate::protected;

/// What tells whose something is.
#[derive(Debug, Default)]
pub(super) struct Whose {
    run: String,
    engine_is_ours: bool,
    promised: Vec<Object>,
    folder: PathBuf,
    containers: Vec<String>,
    images: Vec<String>,
}

impl Whose {
    pub(super) fn read(ctx: &Context) -> Outcome<Self> {
        let history = ctx.history();
        let promised = match &history.previous {
            Some(step) => promised(&history.results, step)?,
            None => Vec::new(),
        };
        let mut images = ctx.section().list("preserve_fqins");
        images.extend(protected::read(history)?);
        images.push(ctx.test_image_name());
        Ok(Whose {
            run: ctx.run_name().to_owned(),
            engine_is_ours: ctx.section().flag("engine_is_ours")?.unwrap_or(false),
            promised,
            folder: history.results.clone(),
            containers: ctx.section().list("preserve_cnames"),
            images,
        })
    }

    /// Whether the configuration, or an earlier step, wants it to stay.
    pub(super) fn is_preserved(&self, sort: Sort, item: &Item) -> bool {
        match sort {
            Sort::Containers => self.containers.contains(&item.name),
            Sort::Images => self.images.iter().any(|name| is_same_image(name, &item.name) || has_id(item, name)),
            Sort::Nones => self.images.iter().any(|name| has_id(item, name)),
            // No option names anything else.
            _ => false,
        }
    }

    /// Whether this run made it.
    pub(super) fn is_ours(&self, sort: Sort, item: &Item) -> bool {
        if let Some(run) = &item.run {
            return self.engine_is_ours || *run == self.run;
        }
        self.engine_is_ours || self.is_promised(sort, item) || self.is_in_our_folder(sort, item)
    }

    fn is_promised(&self, sort: Sort, item: &Item) -> bool {
        let is = |name: &str| name == item.name || name == item.id;
        self.promised.iter().any(|object| match (object, sort) {
            (Object::Container(name), Sort::Containers)
            | (Object::Volume(name), Sort::Volumes)
            | (Object::Network(name), Sort::Networks)
            | (Object::Image(name), Sort::Nones) => is(name),
            (Object::Image(name), Sort::Images) => {
                ImageName::parse(&item.name).is_ok_and(|listed| listed.is_local_name_of(name))
            }
            _ => false,
        })
    }

    fn is_in_our_folder(&self, sort: Sort, item: &Item) -> bool {
        sort == Sort::Mounts && !self.folder.as_os_str().is_empty() && PathBuf::from(&item.id).starts_with(&self.folder)
    }
}

/// Whether two names are of the same image: `busybox` is `docker.io/library/busybox:latest`, and, in the list of one engine
/// or the configuration for another, `localhost/busybox:latest`.
fn is_same_image(one: &str, other: &str) -> bool {
    let tagged = |name: &str| ImageName::parse(name).map(ImageName::tagged);
    match (tagged(one), tagged(other)) {
        (Ok(a), Ok(b)) => a.is_local_name_of(&b.to_string()) || b.is_local_name_of(&a.to_string()),
        _ => one == other,
    }
}

/// Whether what is configured is the beginning of the item's id, at least the twelve digits that are shown to people.
fn has_id(item: &Item, configured: &str) -> bool {
    let digits = configured.trim_start_matches("sha256:");
    let id = item.id.rsplit(' ').next().unwrap_or_default().trim_start_matches("sha256:");
    digits.len() >= 12 && id.starts_with(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, name: &str, run: Option<&str>) -> Item {
        Item { id: id.to_owned(), name: name.to_owned(), run: run.map(str::to_owned), ..Item::default() }
    }

    fn whose() -> Whose {
        Whose {
            run: "r1".to_owned(),
            promised: vec![Object::Container("promised".to_owned()), Object::Image("made".to_owned())],
            folder: "/results".into(),
            containers: vec!["database".to_owned()],
            images: vec!["busybox".to_owned(), "0123456789ab".to_owned()],
            ..Whose::default()
        }
    }

    #[test]
    fn labels_promises_and_folders_tell_what_is_ours() {
        let whose = whose();
        assert!(whose.is_ours(Sort::Volumes, &item("v", "v", Some("r1"))));
        assert!(!whose.is_ours(Sort::Volumes, &item("v", "v", Some("r2"))), "of another run");
        assert!(!whose.is_ours(Sort::Volumes, &item("promised", "promised", None)), "of another sort");
        assert!(whose.is_ours(Sort::Containers, &item("1", "promised", None)));
        assert!(whose.is_ours(Sort::Images, &item("made:x 1", "made:x", None)));
        assert!(whose.is_ours(Sort::Images, &item("made:x 1", "localhost/made:x", None)));
        assert!(whose.is_ours(Sort::Images, &item("made:x 1", "docker.io/library/made:x", None)));
        assert!(!whose.is_ours(Sort::Images, &item("made2:x 1", "made2:x", None)));
        assert!(whose.is_ours(Sort::Mounts, &item("/results/tmp/0/m", "", None)));
        assert!(!whose.is_ours(Sort::Mounts, &item("/mnt", "", None)));
        let alone = Whose { engine_is_ours: true, ..whose };
        assert!(alone.is_ours(Sort::Volumes, &item("v", "v", None)));
    }

    #[test]
    fn what_is_configured_is_preserved() {
        let whose = whose();
        assert!(whose.is_preserved(Sort::Containers, &item("1", "database", None)));
        assert!(!whose.is_preserved(Sort::Containers, &item("1", "database2", None)));
        assert!(whose.is_preserved(Sort::Images, &item("x", "busybox:latest", None)));
        assert!(whose.is_preserved(Sort::Images, &item("x", "localhost/busybox:latest", None)));
        assert!(whose.is_preserved(Sort::Images, &item("x", "docker.io/library/busybox:latest", None)));
        assert!(!whose.is_preserved(Sort::Images, &item("x", "busybox:1", None)));
        assert!(!whose.is_preserved(Sort::Images, &item("x", "localhost/busybox:1", None)));
        assert!(whose.is_preserved(Sort::Nones, &item("sha256:0123456789abcdef", "", None)));
        assert!(whose.is_preserved(Sort::Images, &item("a:b sha256:0123456789abcdef", "a:b", None)));
    }
}
