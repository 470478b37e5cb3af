//! Where programs are looked for.

use std::path::{Path, PathBuf};

/// Where system programs are that a user's PATH may leave out.
const SYSTEM_FOLDERS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `PATH`, with the system's folders at its end.
///
/// ```
/// assert!(dockertest::engine::daemon::search_path().ends_with(":/sbin:/bin"));
/// ```
#[must_use]
#[cfg_attr(not(feature = "api"), expect(unreachable_pub, reason = "the module that shows it is left out"))]
pub fn search_path() -> String {
    match std::env::var("PATH") {
        Ok(path) if !path.is_empty() => format!("{path}:{SYSTEM_FOLDERS}"),
        _ => SYSTEM_FOLDERS.to_owned(),
    }
}

/// The file of a program that can be run: the path that the name is, or else the first in the [`search_path`].
pub(crate) fn find_program(name: &Path) -> Option<PathBuf> {
    let runs = |path: &Path| nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok() && path.is_file();
    if name.components().count() > 1 {
        return Some(name.to_owned()).filter(|path| runs(path));
    }
    std::env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|path| runs(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_it_is_and_a_name_is_looked_for() {
        let found = find_program("sh".as_ref()).unwrap();
        assert!(found.is_absolute() && found.ends_with("sh"), "{found:?}");
        assert_eq!(find_program(&found), Some(found.clone()));
        // Neither a folder nor a file that nobody can run, and nothing below `/` that is asked for here.
        assert_eq!(find_program("/usr/bin".as_ref()), None);
        assert_eq!(find_program("/etc/passwd".as_ref()), None);
        assert_eq!(find_program("bin/sh".as_ref()), None);
        assert_eq!(find_program("no-such-program-here".as_ref()), None);
    }
}
