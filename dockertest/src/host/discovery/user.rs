//! Where a user keeps plug-ins, and we keep their lists: the folders of the XDG base directory specification.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder with the user's plug-ins.
pub(super) fn plugins(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(base(variable, "XDG_DATA_HOME", ".local/share")?.join("dockertest/plugins"))
}

/// The folder for their lists.
pub(super) fn cache(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(base(variable, "XDG_CACHE_HOME", ".cache")?.join("dockertest/plugins"))
}

/// The folder that a variable names, or else one in the user's home. One that is not absolute does not count, says the
/// specification.
fn base(variable: impl Fn(&str) -> Option<OsString>, name: &str, in_home: &str) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder(name).or_else(|| Some(folder("HOME")?.join(Path::new(in_home))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_where_the_specification_has_them() {
        let set = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        };
        let home = set(&[("HOME", "/home/me")]);
        assert_eq!(plugins(home), Some("/home/me/.local/share/dockertest/plugins".into()));
        assert_eq!(cache(home), Some("/home/me/.cache/dockertest/plugins".into()));
        let named = set(&[("HOME", "/home/me"), ("XDG_DATA_HOME", "/d"), ("XDG_CACHE_HOME", "relative")]);
        assert_eq!(plugins(named), Some("/d/dockertest/plugins".into()));
        assert_eq!(cache(named), Some("/home/me/.cache/dockertest/plugins".into()));
        assert_eq!(cache(set(&[("HOME", "")])), None);
    }
}
