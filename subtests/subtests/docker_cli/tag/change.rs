//! What is changed in the name of an image.

use dockertest::engine::ImageName;
use dockertest::prelude::*;

/// A change of a name.
pub(super) trait Change: Default {
    /// The name after the change, without regard to what the image is called now if that does not matter.
    fn change(&self, old: &ImageName, words: &Words) -> String;

    /// Whether the image has the new name already.
    const TWICE: bool = false;

    /// Whether the command has `-f`, which is refused.
    const FORCE: bool = false;

    /// Whether the new name may have capitals.
    const MAY_HAVE_CAPITALS: bool = false;
}

/// Words for new names, which nothing else has.
pub(super) struct Words {
    /// Of `tag_repo_name_prefix` and some letters.
    pub(super) prefixed: String,
    /// Eight hexadecimal digits.
    pub(super) random: String,
    /// What names end with that shall have capitals.
    pub(super) capitals: &'static str,
}

impl Words {
    pub(super) fn new(ctx: &mut Context, prefix: &str, lower_only: bool) -> Self {
        let unique = ctx.unique_name(prefix);
        let random = unique.rsplit('-').next().unwrap_or_default().to_owned();
        Words {
            prefixed: format!("{prefix}_{random}").trim_start_matches('_').to_owned(),
            random,
            capitals: if lower_only { "" } else { "_UP" },
        }
    }
}

/// Another tag, of the old one and some letters.
#[derive(Default)]
pub(super) struct ChangeTag;

impl Change for ChangeTag {
    const MAY_HAVE_CAPITALS: bool = true;

    fn change(&self, old: &ImageName, words: &Words) -> String {
        format!("{}:{}", old.repository(), new_tag(old, words))
    }
}

/// Another repository.
#[derive(Default)]
pub(super) struct ChangeRepository;

impl Change for ChangeRepository {
    fn change(&self, old: &ImageName, words: &Words) -> String {
        format!("{}{}:{}", words.prefixed, words.capitals, tag_of(old))
    }
}

/// Another user, who has the same repository.
#[derive(Default)]
pub(super) struct ChangeUser;

impl Change for ChangeUser {
    fn change(&self, old: &ImageName, words: &Words) -> String {
        format!("{}{}/{}:{}", words.prefixed, words.capitals, old.repository(), tag_of(old))
    }
}

/// Another registry: an address that nobody resolves.
#[derive(Default)]
pub(super) struct ChangeRegistry;

impl Change for ChangeRegistry {
    const MAY_HAVE_CAPITALS: bool = true;

    fn change(&self, old: &ImageName, words: &Words) -> String {
        let digits: Vec<String> = words.random.bytes().map(|byte| format!("{:02}", byte % 100)).collect();
        let (host, port) = (digits[..4].join("."), digits[4..6].concat());
        format!("{host}:{port}/{}:{}", old.repository(), tag_of(old))
    }
}

/// Another tag, which the image has already.
#[derive(Default)]
pub(super) struct DoubleTag;

impl Change for DoubleTag {
    const TWICE: bool = true;
    const MAY_HAVE_CAPITALS: bool = true;

    fn change(&self, old: &ImageName, words: &Words) -> String {
        ChangeTag.change(old, words)
    }
}

/// The same with `-f`.
#[derive(Default)]
pub(super) struct DoubleTagForce;

impl Change for DoubleTagForce {
    const TWICE: bool = true;
    const FORCE: bool = true;
    const MAY_HAVE_CAPITALS: bool = true;

    fn change(&self, old: &ImageName, words: &Words) -> String {
        ChangeTag.change(old, words)
    }
}

fn new_tag(old: &ImageName, words: &Words) -> String {
    format!("{}_{}{}", tag_of(old), words.random, words.capitals)
}

fn tag_of(name: &ImageName) -> &str {
    name.tag().unwrap_or("latest")
}
