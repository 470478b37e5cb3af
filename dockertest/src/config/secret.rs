//! Which values are not to be seen.

use super::section::{Origin, Section, Setting};

/// What is shown in place of a secret.
///
/// ```
/// use dockertest::config::{Layers, MASK};
///
/// let section = Layers::new().set("api_token=abc").load()?.defaults();
/// assert_eq!(section.masked().get("api_token"), Some(MASK));
/// # Ok::<(), dockertest::config::LoadFailure>(())
/// ```
pub const MASK: &str = "********";

/// Parts of option names that tell a secret.
const WORDS: [&str; 6] = ["password", "passwd", "secret", "token", "api_key", "credential"];

/// Whether an option holds a secret, by its name.
///
/// ```
/// use dockertest::config::is_secret;
///
/// assert!(is_secret("docker_registry_Password"));
/// assert!(!is_secret("docker_registry_user"));
/// ```
#[must_use]
pub fn is_secret(option: &str) -> bool {
    let option = option.to_lowercase();
    WORDS.iter().any(|word| option.contains(word))
}

impl Section {
    /// The section with [`MASK`] in place of every secret, also where other values refer to one.
    ///
    /// ```
    /// use dockertest::config::{Layers, MASK, Source};
    ///
    /// let text = "[login]\npassword = abc\nurl = http://me:%(password)s@host\n".to_owned();
    /// let configuration = Layers::new().custom(Source::Memory(vec![("login.ini".to_owned(), text)])).load()?;
    /// let shown = configuration.section("login").masked();
    /// assert_eq!(shown.get("password"), Some(MASK));
    /// assert_eq!(shown.get("url"), Some("http://me:********@host"));
    /// # Ok::<(), dockertest::config::LoadFailure>(())
    /// ```
    #[must_use]
    pub fn masked(&self) -> Section {
        let secrets: Vec<&str> = self.secrets().collect();
        let masked = self.settings.iter().map(|(option, setting)| (option.clone(), mask(option, setting, &secrets)));
        Section { name: self.name.clone(), settings: masked.collect() }
    }

    /// The values of its secret options, without empty ones.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let secrets = self.settings.iter().filter(|(option, setting)| is_secret(option) && !setting.value.is_empty());
        secrets.map(|(_, setting)| setting.value.as_str())
    }
}

fn mask(option: &str, setting: &Setting, secrets: &[&str]) -> Setting {
    let secret = is_secret(option);
    let value = if secret && !setting.value.is_empty() { MASK.to_owned() } else { hide(&setting.value, secrets) };
    let origin = match &setting.origin {
        Origin::CommandLine { argument } if secret => {
            let name = argument.split_once('=').map_or("", |(name, _)| name);
            Origin::CommandLine { argument: format!("{name}={MASK}") }
        }
        Origin::CommandLine { argument } => Origin::CommandLine { argument: hide(argument, secrets) },
        other => other.clone(),
    };
    Setting { value, origin }
}

/// Short secrets are left: masking every `1` or `yes` would hide more than it should and say what the secret is.
pub(crate) fn hide<S: AsRef<str>>(text: &str, secrets: &[S]) -> String {
    let mut shown = text.to_owned();
    for secret in secrets.iter().map(AsRef::as_ref).filter(|secret| secret.chars().count() >= 3) {
        shown = shown.replace(secret, MASK);
    }
    shown
}
