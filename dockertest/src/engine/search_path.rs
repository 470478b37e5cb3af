//! Where programs are looked for.

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
