//! One line for each public item.

use std::collections::BTreeSet;
use std::io::Write;

use public_api::{Builder, PublicItem};
use serde_json::Value;

/// Why the items could not be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ItemsFailure {
    #[error("cannot hand the items on: {0}")]
    File(#[from] std::io::Error),
    #[error("cannot tell the items of the library: {0}")]
    Unreadable(#[from] public_api::Error),
}

/// The lines, each once, in an order that only depends on the items.
pub(crate) fn lines(json: &Value) -> Result<Vec<String>, ItemsFailure> {
    // The library reads files only.
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(json.to_string().as_bytes())?;
    let api = Builder::from_rustdoc_json(file.path()).omit_blanket_impls(true).build()?;
    let implementations: BTreeSet<u32> =
        api.items().filter(|item| is_of_a_trait(&item.to_string())).map(|item| item.id().0).collect();
    let mut seen = BTreeSet::new();
    let kept = api.items().filter(|item| {
        // What a trait's functions are is known from the trait.
        let line = item.to_string();
        let of_a_trait = item.parent_id().is_some_and(|parent| implementations.contains(&parent.0));
        let is_known = of_a_trait && line.starts_with("pub fn ");
        !is_known && !is_usual(&line)
    });
    Ok(kept.map(|item| line(item, &json["index"])).filter(|line| seen.insert(line.clone())).collect())
}

/// The item as Rust has it, and what of it matters although it is not public.
fn line(item: &PublicItem, index: &Value) -> String {
    let inner = &index[item.id().0.to_string()]["inner"];
    let more = if inner["struct"]["kind"]["plain"]["has_stripped_fields"] == true {
        " { .. }"
    } else if inner["function"]["has_body"] == false {
        " (required)"
    } else {
        ""
    };
    format!("{item}{more}")
}

fn is_of_a_trait(line: &str) -> bool {
    line.starts_with("impl") && line.contains(" for ")
}

/// What nearly every type has, so that only its absence is worth a line: `impl !Send for ...` stays.
fn is_usual(line: &str) -> bool {
    const MARKERS: [&str; 8] = [
        "core::marker::Freeze",
        "core::marker::Send",
        "core::marker::StructuralPartialEq",
        "core::marker::Sync",
        "core::marker::Unpin",
        "core::marker::UnsafeUnpin",
        "core::panic::unwind_safe::RefUnwindSafe",
        "core::panic::unwind_safe::UnwindSafe",
    ];
    let negative = ["Send", "Sync"].iter().any(|name| line.contains(&format!(" !core::marker::{name} for ")));
    let is_marker = MARKERS.iter().any(|marker| line.contains(&format!("{marker} for ")));
    line.starts_with("impl") && is_marker && !negative
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{is_of_a_trait, is_usual};

    #[rstest]
    #[case::usual("impl core::marker::Send for dockertest::engine::Command", true)]
    #[case::with_parameters("impl<'a> core::marker::Unpin for dockertest::engine::Row<'a>", true)]
    #[case::not_for_threads("impl !core::marker::Send for dockertest::prelude::Context", false)]
    #[case::never_used("impl !core::panic::unwind_safe::UnwindSafe for dockertest::prelude::Context", true)]
    #[case::derived("impl core::clone::Clone for dockertest::engine::Command", false)]
    #[case::own("impl dockertest::engine::Command", false)]
    #[case::function("pub fn dockertest::with_causes(&dyn core::error::Error) -> alloc::string::String", false)]
    fn leaves_out_what_nearly_every_type_has(#[case] line: &str, #[case] usual: bool) {
        assert_eq!(is_usual(line), usual);
    }

    #[test]
    fn tells_the_implementations_of_traits_from_a_types_own() {
        assert!(is_of_a_trait("impl<T> core::fmt::Debug for dockertest::X<T>"));
        assert!(!is_of_a_trait("impl<T> dockertest::X<T>"));
        assert!(!is_of_a_trait("pub fn dockertest::X::f(impl for<'a> Fn(&'a u8))"));
    }
}
