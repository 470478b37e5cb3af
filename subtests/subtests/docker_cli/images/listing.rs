//! What the engine's API lists, as `docker images` must show it.

use std::collections::BTreeMap;

use dockertest::engine::models::ImageSummary;
use dockertest::engine::{Api, ApiFailure};

/// What is shown for something that is not there.
pub(super) const NONE: &str = "<none>";

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) repository: String,
    pub(super) tag: String,
    pub(super) id: String,
    /// Seconds since 1970.
    pub(super) created: i64,
    pub(super) size: i64,
}

impl Entry {
    pub(super) fn is_nameless(&self) -> bool {
        self.repository == NONE && self.tag == NONE
    }
}

/// The list at a point in time.
pub(super) struct Snapshot {
    pub(super) entries: Vec<Entry>,
    /// Seconds since 1970.
    pub(super) time: i64,
}

impl Snapshot {
    pub(super) fn take(api: &Api) -> Result<Snapshot, ApiFailure> {
        let entries = api.images()?.into_iter().flat_map(entries).collect();
        Ok(Snapshot { entries, time: jiff::Timestamp::now().as_second() })
    }
}

/// The lines of an image: one for each name with a tag, one for each name that has only digests, or one without a name.
fn entries(image: ImageSummary) -> Vec<Entry> {
    let ImageSummary { id, repo_tags, repo_digests, created, size, .. } = image;
    let id = if id.contains(':') { id } else { format!("sha256:{id}") };
    let mut tags: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (repository, tag) in repo_tags.iter().filter_map(|name| name.rsplit_once(':')) {
        tags.entry(repository).or_default().push(tag);
    }
    for (repository, _) in repo_digests.iter().filter_map(|name| name.split_once('@')) {
        tags.entry(repository).or_insert_with(|| vec![NONE]);
    }
    if tags.is_empty() {
        tags.insert(NONE, vec![NONE]);
    }
    let entry = |repository: &str, tag: &str| Entry {
        repository: repository.to_owned(),
        tag: tag.to_owned(),
        id: id.clone(),
        created,
        size,
    };
    tags.iter().flat_map(|(repository, tags)| tags.iter().map(|tag| entry(repository, tag))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tags: &[&str], digests: &[&str]) -> Vec<String> {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let image = ImageSummary {
            id: "sha256:1".to_owned(),
            repo_tags: list(tags),
            repo_digests: list(digests),
            ..ImageSummary::default()
        };
        entries(image).iter().map(|entry| format!("{} {}", entry.repository, entry.tag)).collect()
    }

    #[test]
    fn each_name_has_a_line() {
        assert_eq!(shown(&["a:1", "a:2", "h:5/b:1"], &["a@sha256:2"]), ["a 1", "a 2", "h:5/b 1"]);
        assert_eq!(shown(&["a:1"], &["b@sha256:2", "b@sha256:3"]), ["a 1", "b <none>"]);
        assert_eq!(shown(&[], &[]), ["<none> <none>"]);
        assert_eq!(shown(&["<none>:<none>"], &["<none>@<none>"]), ["<none> <none>"]);
    }
}
