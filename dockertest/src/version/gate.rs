//! Whether a section, or the documentation, was written for this version.

use std::cmp::Ordering;
use std::fmt;

use crate::config::{Origin, Section};

use super::{API_VERSION, ApiVersion, loose};

/// The value of `config_version` and `autotest_version` that switches the check off.
///
/// ```
/// use dockertest::config::{Layers, Source};
/// use dockertest::version::{NO_VERSION_CHECK, check_section};
///
/// let text = format!("[example]\nconfig_version = {NO_VERSION_CHECK}\n");
/// let files = Source::Memory(vec![("mine.ini".to_owned(), text)]);
/// let configuration = Layers::new().custom(files).load()?;
/// assert_eq!(check_section(&configuration.section("example")), Ok(()));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
pub const NO_VERSION_CHECK: &str = "@!NOVERSIONCHECK!@";

/// A section was not written for this version: its subtest fails without being run.
///
/// ```
/// use dockertest::config::{Layers, Source};
/// use dockertest::version::check_section;
///
/// # let text = "[docker_cli/version]\nautotest_version = 1.10.0\n".to_owned();
/// # let files = Source::Memory(vec![("mine.ini".to_owned(), text)]);
/// # let configuration = Layers::new().custom(files).load()?;
/// let mismatch = check_section(&configuration.section("docker_cli/version")).unwrap_err();
/// assert!(mismatch.to_string().starts_with("`docker_cli/version` needs framework version 1.10.0 or later"));
/// assert_eq!(mismatch.origin().to_string(), "mine.ini:2");
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionMismatch {
    details: Box<Details>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    section: String,
    value: String,
    origin: Origin,
    kind: Kind,
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `config_version` has another major or minor number.
    Other,
    /// `config_version` is no version.
    NoVersion,
    /// `autotest_version` asks for a later framework.
    TooOld,
    /// `autotest_version` is no version.
    NoMinimum,
}

impl VersionMismatch {
    fn new(section: &Section, value: &str, origin: &Origin, kind: Kind) -> Self {
        let (section, value, origin) = (section.name.clone(), value.to_owned(), origin.clone());
        VersionMismatch { details: Box::new(Details { section, value, origin, kind }) }
    }

    /// Where the value that does not fit was set.
    ///
    /// ```
    /// # use dockertest::config::Layers;
    /// # use dockertest::version::check_section;
    /// let typed = Layers::new().set("example.config_version=0.8.8").load()?;
    /// let mismatch = check_section(&typed.section("example")).unwrap_err();
    /// assert_eq!(mismatch.origin().to_string(), "--set example.config_version=0.8.8");
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.details.origin
    }
}

impl fmt::Display for VersionMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { section, value, origin, kind } = &*self.details;
        let ApiVersion { major, minor, .. } = API_VERSION;
        match kind {
            Kind::Other => write!(
                f,
                "configuration of `{section}` is for API version {value}, this is {API_VERSION}: adapt it to {major}.{minor}, \
                 then set `config_version = {API_VERSION}` ({origin})"
            ),
            Kind::NoVersion => write!(
                f,
                "`config_version` of `{section}` is `{value}`, which is not a version: set it to the API version that the \
                 configuration was written for, such as `{API_VERSION}` ({origin})"
            ),
            Kind::TooOld => write!(
                f,
                "`{section}` needs framework version {value} or later, this is {API_VERSION}: install a later dockertest, or \
                 lower `autotest_version` ({origin})"
            ),
            Kind::NoMinimum => write!(
                f,
                "`autotest_version` of `{section}` is `{value}`, which is not a version: set it to the oldest framework \
                 version that will do, such as `{API_VERSION}` ({origin})"
            ),
        }
    }
}

impl std::error::Error for VersionMismatch {}

/// Checks that a section was written for this version: first that the framework is not older than its
/// `autotest_version`, then that its `config_version` has the same major and minor number as [`API_VERSION`].
///
/// An option that is not set, or is [`NO_VERSION_CHECK`], is not checked.
///
/// # Errors
/// [`VersionMismatch`] when one does not fit or is no version.
///
/// ```
/// use dockertest::config::{Layers, Source};
/// use dockertest::version::check_section;
///
/// let files = vec![("old.ini".to_owned(), "[example]\nconfig_version = 0.8.8\n".to_owned())];
/// let configuration = Layers::new().custom(Source::Memory(files)).load()?;
/// let mismatch = check_section(&configuration.section("example")).unwrap_err();
/// assert!(mismatch.to_string().contains("old.ini:2"));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
pub fn check_section(section: &Section) -> Result<(), VersionMismatch> {
    check_minimum(section)?;
    let Some(setting) = section.setting("config_version") else { return Ok(()) };
    let value = setting.value.trim();
    if value == NO_VERSION_CHECK {
        return Ok(());
    }
    let mismatch = |kind| Err(VersionMismatch::new(section, value, &setting.origin, kind));
    match value.parse::<ApiVersion>() {
        Ok(version) if version.fits(API_VERSION) => Ok(()),
        Ok(_) => mismatch(Kind::Other),
        Err(_) => mismatch(Kind::NoVersion),
    }
}

fn check_minimum(section: &Section) -> Result<(), VersionMismatch> {
    let Some(setting) = section.setting("autotest_version") else { return Ok(()) };
    let value = setting.value.trim();
    let mismatch = |kind| Err(VersionMismatch::new(section, value, &setting.origin, kind));
    if value == NO_VERSION_CHECK {
        Ok(())
    } else if !value.starts_with(|c: char| c.is_ascii_digit()) {
        mismatch(Kind::NoMinimum)
    } else if loose::compare(&API_VERSION.to_string(), value) == Ordering::Less {
        mismatch(Kind::TooOld)
    } else {
        Ok(())
    }
}

/// The documentation describes another version. Nothing fails because of it.
///
/// ```
/// use dockertest::version::check_documentation;
///
/// let mismatch = check_documentation("0.1.0".parse()?).unwrap();
/// assert!(mismatch.to_string().starts_with("the documentation is for API version 0.1.0"));
/// # Ok::<(), dockertest::version::BadVersion>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentationMismatch {
    /// The version that the documentation describes.
    pub docs: ApiVersion,
}

impl fmt::Display for DocumentationMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DocumentationMismatch { docs } = self;
        write!(f, "the documentation is for API version {docs}, this is {API_VERSION}: it must be revised")
    }
}

/// Whether the documentation was written for another version than [`API_VERSION`].
///
/// ```
/// use dockertest::version::{API_VERSION, check_documentation};
///
/// assert_eq!(check_documentation(API_VERSION), None);
/// assert!(check_documentation("0.1.0".parse()?).is_some());
/// # Ok::<(), dockertest::version::BadVersion>(())
/// ```
#[must_use]
pub fn check_documentation(docs: ApiVersion) -> Option<DocumentationMismatch> {
    (!docs.fits(API_VERSION)).then_some(DocumentationMismatch { docs })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::config::{Layers, Source};

    fn section(options: &str) -> Section {
        let files = vec![("x.ini".to_owned(), format!("[s]\n{options}\n"))];
        Layers::new().defaults(Source::Memory(files)).load().unwrap().section("s")
    }

    #[rstest]
    #[case::same("config_version = 0.9.0")]
    #[case::another_revision("config_version = 0.9.255")]
    #[case::marker("config_version = @!NOVERSIONCHECK!@")]
    #[case::not_set("x = 1")]
    #[case::older_framework_is_enough("autotest_version = 0.8.9")]
    #[case::marker_for_the_framework("autotest_version = @!NOVERSIONCHECK!@")]
    fn what_fits_is_let_through(#[case] options: &str) {
        assert_eq!(check_section(&section(options)), Ok(()));
    }

    #[rstest]
    #[case::older("config_version = 0.8.8", "is for API version 0.8.8, this is 0.9.0")]
    #[case::newer("config_version = 0.10.0", "is for API version 0.10.0")]
    #[case::another_major("config_version = 1.9.0", "is for API version 1.9.0")]
    #[case::two_numbers("config_version = 0.9", "which is not a version")]
    #[case::four_numbers("config_version = 0.9.0.1", "which is not a version")]
    #[case::too_large("config_version = 0.9.300", "which is not a version")]
    #[case::empty("config_version =", "which is not a version")]
    #[case::later_framework(
        "autotest_version = 0.16.0-master-32-g050cd",
        "needs framework version 0.16.0-master-32-g050cd"
    )]
    #[case::framework_is_no_version("autotest_version = later", "which is not a version")]
    fn what_does_not_fit_is_told_with_its_place(#[case] options: &str, #[case] expected: &str) {
        let mismatch = check_section(&section(options)).unwrap_err().to_string();
        assert!(mismatch.contains(expected) && mismatch.contains("(x.ini:2)"), "{mismatch}");
    }

    #[test]
    fn the_framework_is_checked_before_the_configuration() {
        let mismatch = check_section(&section("config_version = 0.8.8\nautotest_version = 99")).unwrap_err();
        assert!(mismatch.to_string().contains("needs framework version 99"), "{mismatch}");
        assert_eq!(mismatch.origin().to_string(), "x.ini:3");
    }

    #[test]
    fn a_mismatch_says_what_to_do() {
        insta::assert_snapshot!(check_section(&section("config_version = 0.8.8")).unwrap_err(), @"configuration of `s` is for API version 0.8.8, this is 0.9.0: adapt it to 0.9, then set `config_version = 0.9.0` (x.ini:2)");
    }
}
