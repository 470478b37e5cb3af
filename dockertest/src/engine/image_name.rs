//! Names of images, by the grammar of the distribution reference and its rules for short names.

use std::fmt;
use std::str::FromStr;

/// The registry that a name without one means.
const DEFAULT_DOMAIN: &str = "docker.io";

/// An older name of the same registry.
const LEGACY_DOMAIN: &str = "index.docker.io";

/// The engine that has another name for what is made here.
const PODMAN: &str = "podman";

/// The user that a name without one means, at the default registry.
const DEFAULT_USER: &str = "library/";

/// The tag that a name without one means.
const DEFAULT_TAG: &str = "latest";

/// How long a path may be.
const LONGEST_PATH: usize = 255;

/// How long a tag may be.
const LONGEST_TAG: usize = 128;

/// Known digests, with the number of hexadecimal digits of each.
const DIGESTS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The name of an image: a registry, a path at it, perhaps a tag and a digest.
///
/// Short names are completed when they are read, so two names are equal if they mean the same image. Shown is the short
/// form, as `docker images` does.
///
/// ```
/// use dockertest::engine::ImageName;
///
/// let name = ImageName::parse("docker.io/library/busybox:1.36")?;
/// assert_eq!(name.to_string(), "busybox:1.36");
/// assert_eq!(name.canonical(), "docker.io/library/busybox:1.36");
/// assert_eq!(name, ImageName::parse("busybox:1.36")?);
///
/// let deep = ImageName::parse("[::1]:5000/team/tools/builder")?;
/// assert_eq!((deep.domain(), deep.path(), deep.tag()), ("[::1]:5000", "team/tools/builder", None));
/// assert!(ImageName::parse("busybox:").is_err());
/// # Ok::<(), dockertest::engine::ImageNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// A text that names no image, and which of the rules it breaks.
///
/// ```
/// use dockertest::engine::ImageName;
///
/// let error = ImageName::parse("host:port/repo").unwrap_err();
/// assert_eq!(error.to_string(), "`host:port/repo` is no name of an image: `host:port` is no address of a registry");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no name of an image: {problem}")]
pub struct ImageNameError {
    text: String,
    problem: String,
}

impl ImageName {
    /// Reads a name as it is given to a command.
    ///
    /// The first component is an address if it has a dot or a colon, is `localhost`, or has capitals; all else is a path
    /// at `docker.io`, below `library` if it has one component only.
    ///
    /// # Errors
    /// When it does not follow the grammar. Blanks around it are part of it, and wrong.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("localhost/repo")?.domain(), "localhost");
    /// assert_eq!(ImageName::parse("user/repo")?.domain(), "docker.io");
    /// assert!(ImageName::parse("Repo").is_err()); // capitals are for tags and addresses only
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ImageNameError> {
        read(text).map_err(|problem| ImageNameError { text: text.to_owned(), problem })
    }

    /// The registry, with its port if it has one.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("127.0.0.1:5000/busybox")?.domain(), "127.0.0.1:5000");
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The path at the registry, in full.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("busybox:latest")?.path(), "library/busybox");
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The tag, if the name has one.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("busybox:1.36")?.tag(), Some("1.36"));
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the name has one.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    /// let name = ImageName::parse(&format!("busybox@{digest}"))?;
    /// assert_eq!((name.tag(), name.digest()), (None, Some(digest.as_str())));
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Registry and path in the short form, without tag and digest: what `docker images` shows as the repository.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("docker.io/library/busybox:1.36")?.repository(), "busybox");
    /// assert_eq!(ImageName::parse("docker.io/user/repo")?.repository(), "user/repo");
    /// assert_eq!(ImageName::parse("quay.io/user/repo")?.repository(), "quay.io/user/repo");
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn repository(&self) -> String {
        if self.domain != DEFAULT_DOMAIN {
            return format!("{}/{}", self.domain, self.path);
        }
        match self.path.strip_prefix(DEFAULT_USER) {
            Some(rest) if !rest.contains('/') => rest.to_owned(),
            _ => self.path.clone(),
        }
    }

    /// The short form: what `docker images` shows.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("index.docker.io/library/busybox:1.36")?.familiar(), "busybox:1.36");
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn familiar(&self) -> String {
        self.with_suffixes(self.repository())
    }

    /// The full form, with registry and user.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("user/repo")?.canonical(), "docker.io/user/repo");
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn canonical(&self) -> String {
        self.with_suffixes(format!("{}/{}", self.domain, self.path))
    }

    /// What an engine of this flavor calls an image that was made or named here, not pulled. Podman puts `localhost/`
    /// before a name without a registry.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// let name = ImageName::parse("tool:1")?;
    /// assert_eq!((name.local("docker"), name.local("podman")), ("tool:1".to_owned(), "localhost/tool:1".to_owned()));
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn local(&self, flavor: &str) -> String {
        let registry = if flavor == PODMAN && self.domain == DEFAULT_DOMAIN { "localhost/" } else { "" };
        format!("{registry}{}", self.familiar())
    }

    /// Whether this, which an engine lists, is what it calls an image that got that name here; without a tag, that name with
    /// any. A text that is no name is that of nothing. Before a name without a registry podman's command line puts `localhost/`, and its API for docker `docker.io/`.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert!(ImageName::parse("localhost/tool:1")?.is_local_name_of("tool"));
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn is_local_name_of(&self, name: &str) -> bool {
        let Ok(name) = ImageName::parse(name) else { return false };
        let (listed, wanted) = (self.repository(), name.repository());
        let is_any = name.tag.is_none() && name.digest.is_none();
        (listed == wanted || listed.strip_prefix("localhost/") == Some(&wanted))
            && (is_any || (&self.tag, &self.digest) == (&name.tag, &name.digest))
    }

    /// The same name with `latest` as its tag, if it has neither tag nor digest: the image that commands take.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// assert_eq!(ImageName::parse("busybox")?.tagged().to_string(), "busybox:latest");
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    #[must_use]
    pub fn tagged(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some(DEFAULT_TAG.to_owned());
        }
        self
    }

    /// The same repository with another tag, and no digest.
    ///
    /// # Errors
    /// When it can be no tag.
    ///
    /// ```
    /// # use dockertest::engine::ImageName;
    /// let name = ImageName::parse("busybox:1.36")?;
    /// assert_eq!(name.with_tag("other")?.to_string(), "busybox:other");
    /// assert!(name.with_tag("-other").is_err());
    /// # Ok::<(), dockertest::engine::ImageNameError>(())
    /// ```
    pub fn with_tag(&self, tag: &str) -> Result<Self, ImageNameError> {
        ImageName::parse(&format!("{}/{}:{tag}", self.domain, self.path))
    }

    fn with_suffixes(&self, mut text: String) -> String {
        for (sign, suffix) in [(':', &self.tag), ('@', &self.digest)] {
            if let Some(suffix) = suffix {
                text.push(sign);
                text.push_str(suffix);
            }
        }
        text
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.familiar())
    }
}

impl FromStr for ImageName {
    type Err = ImageNameError;

    fn from_str(text: &str) -> Result<Self, ImageNameError> {
        ImageName::parse(text)
    }
}

/// Reads a name, or says what is wrong with it.
fn read(text: &str) -> Result<ImageName, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'a'..=b'f' | b'0'..=b'9')) {
        return Err("64 hexadecimal digits are an id".to_owned());
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(read_digest(digest)?)),
        None => (text, None),
    };
    let (domain, rest) = match name.split_once('/') {
        Some((first, rest)) if is_address(first) => (first, rest),
        _ => (DEFAULT_DOMAIN, name),
    };
    if !is_domain(domain) {
        return Err(format!("`{domain}` is no address of a registry"));
    }
    let domain = if domain == LEGACY_DOMAIN { DEFAULT_DOMAIN } else { domain };
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(read_tag(tag)?)),
        None => (rest, None),
    };
    for component in path.split('/') {
        if !is_path_component(component) {
            return Err(format!("`{component}` is no component of a path"));
        }
    }
    let user = if domain == DEFAULT_DOMAIN && !path.contains('/') { DEFAULT_USER } else { "" };
    let path = format!("{user}{path}");
    if path.len() > LONGEST_PATH {
        return Err(format!("the path is longer than {LONGEST_PATH} characters"));
    }
    Ok(ImageName { domain: domain.to_owned(), path, tag, digest })
}

/// Whether the first component of a name is meant as an address.
fn is_address(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// A host name, an IPv4 address or an IPv6 address in brackets, perhaps with a port.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => {
            let digits = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
            if host.is_empty() || !host.bytes().all(digits) {
                return false;
            }
            match rest.strip_prefix(':') {
                None => return rest.is_empty(),
                Some(port) => (None, Some(port)),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    host.is_none_or(|host| host.split('.').all(is_domain_component)) && port.is_none_or(is_number)
}

/// Letters, digits and hyphens, without a hyphen at either end.
fn is_domain_component(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

/// Small letters and digits, with separators between them: one dot, one or two underscores, any number of hyphens.
fn is_path_component(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (text.bytes().next(), text.bytes().last()) else { return false };
    let mut separators = text.split(|letter: char| u8::try_from(letter).is_ok_and(is_plain));
    let is_separator = |part: &str| matches!(part, "" | "." | "_" | "__") || part.bytes().all(|byte| byte == b'-');
    is_plain(first) && is_plain(last) && separators.all(is_separator)
}

fn read_tag(text: &str) -> Result<String, String> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let allowed = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'-');
    if text.len() <= LONGEST_TAG && text.bytes().next().is_some_and(is_word) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no tag"))
}

fn read_digest(text: &str) -> Result<String, String> {
    let is_digit = |byte: u8| matches!(byte, b'a'..=b'f' | b'0'..=b'9');
    let known = text.split_once(':').is_some_and(|(algorithm, digits)| {
        let length = DIGESTS.iter().find(|(name, _)| *name == algorithm).map(|(_, length)| *length);
        Some(digits.len()) == length && digits.bytes().all(is_digit)
    });
    if known { Ok(text.to_owned()) } else { Err(format!("`{text}` is no digest")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[rstest]
    #[case("fedora", "docker.io", "library/fedora", None)]
    #[case("fedora:20", "docker.io", "library/fedora", Some("20"))]
    #[case("user/repo:tag", "docker.io", "user/repo", Some("tag"))]
    #[case("host.com/repo", "host.com", "repo", None)]
    #[case::a_dot_makes_a_host("us.er/repo", "us.er", "repo", None)]
    #[case("localhost/repo", "localhost", "repo", None)]
    #[case("host:5000/repo:t", "host:5000", "repo", Some("t"))]
    #[case("host:5000/user/repo", "host:5000", "user/repo", None)]
    #[case("docker.io/library/busybox:latest", "docker.io", "library/busybox", Some("latest"))]
    #[case("docker.io/busybox", "docker.io", "library/busybox", None)]
    #[case("index.docker.io/user/repo", "docker.io", "user/repo", None)]
    #[case("a/b/c", "docker.io", "a/b/c", None)]
    #[case("a/b/c/d:t", "docker.io", "a/b/c/d", Some("t"))]
    #[case("localhost:5000/a/b/c:t", "localhost:5000", "a/b/c", Some("t"))]
    #[case("127.0.0.1:5000/repo", "127.0.0.1:5000", "repo", None)]
    #[case::not_resolved("09.09.09.09:0123/repo:t", "09.09.09.09:0123", "repo", Some("t"))]
    #[case("[::1]/repo", "[::1]", "repo", None)]
    #[case("[2001:db8::7]:5000/a/repo:t", "[2001:db8::7]:5000", "a/repo", Some("t"))]
    #[case::capitals_make_a_host("Host/repo", "Host", "repo", None)]
    #[case("my_repo/a__b-c--d.e", "docker.io", "my_repo/a__b-c--d.e", None)]
    #[case("localhost", "docker.io", "library/localhost", None)]
    #[case("repo:_T.a-G", "docker.io", "library/repo", Some("_T.a-G"))]
    fn names_are_split(#[case] text: &str, #[case] domain: &str, #[case] path: &str, #[case] tag: Option<&str>) {
        let name = ImageName::parse(text).unwrap();
        assert_eq!((name.domain(), name.path(), name.tag(), name.digest()), (domain, path, tag, None));
    }

    #[rstest]
    #[case("")]
    #[case::a_short_digest("repo@sha256:abcd")]
    #[case("repo@")]
    #[case("repo@md5:0123456789abcdef0123456789abcdef")]
    #[case("myname:")]
    #[case("a:b:c")]
    #[case("x/")]
    #[case("/x")]
    #[case("a//b")]
    #[case(":tag")]
    #[case("repo:tag/with")]
    #[case("<none>")]
    #[case("<none>:<none>")]
    #[case("  fedora:20  ")]
    #[case("Repo")]
    #[case("user/Repo")]
    #[case("repo:-t")]
    #[case("a..b")]
    #[case("a___b")]
    #[case("a-_b")]
    #[case("-a")]
    #[case("a_")]
    #[case("-host.com/repo")]
    #[case("host..com/repo")]
    #[case("[::g]:1/repo")]
    #[case("[]/repo")]
    #[case("[::1]5/repo")]
    #[case("[::1/repo")]
    #[case("::1/repo")]
    #[case("host:/repo")]
    #[case("répo")]
    #[case(HEX)]
    fn what_breaks_the_grammar_is_no_name(#[case] text: &str) {
        let error = ImageName::parse(text).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`{text}` is no name of an image: ")), "{error}");
    }

    #[rstest]
    #[case("made:1", "made", true)]
    #[case("localhost/made:1", "made", true)]
    #[case("docker.io/library/made:1", "made", true)]
    #[case("docker.io/library/made:1", "docker.io/library/made", true)]
    #[case("localhost/made:1", "made:1", true)]
    #[case("docker.io/library/made:1", "made:1", true)]
    #[case("localhost/made:1", "localhost/made", true)]
    #[case("localhost/team/made:1", "team/made", true)]
    #[case::of_another_tag("localhost/made:1", "made:2", false)]
    #[case::of_a_registry("quay.io/made:1", "made", false)]
    #[case::at_a_place("made:1", "localhost/made", false)]
    #[case::longer("made2:1", "made", false)]
    #[case::no_name("made:1", "Made", false)]
    fn an_engine_has_names_of_its_own_for_what_is_named_here(
        #[case] listed: &str,
        #[case] name: &str,
        #[case] is_it: bool,
    ) {
        assert_eq!(ImageName::parse(listed).unwrap().is_local_name_of(name), is_it);
    }

    #[test]
    fn a_digest_is_kept_with_and_without_a_tag() {
        let name = ImageName::parse(&format!("a.b/c:1@sha256:{HEX}")).unwrap();
        assert_eq!(name.canonical(), format!("a.b/c:1@sha256:{HEX}"));
        assert_eq!(name.with_tag("2").unwrap().to_string(), "a.b/c:2");
        let name = ImageName::parse(&format!("c@sha256:{HEX}")).unwrap();
        assert_eq!(name.tagged().familiar(), format!("c@sha256:{HEX}"));
    }

    #[test]
    fn lengths_have_limits() {
        let longest = "a/".repeat(127) + "a";
        assert_eq!(ImageName::parse(&format!("{longest}:{}", "t".repeat(128))).unwrap().path(), longest);
        assert!(ImageName::parse(&format!("{longest}a")).is_err());
        assert!(ImageName::parse(&format!("a:{}", "t".repeat(129))).is_err());
    }

    #[test]
    fn a_path_below_library_is_short_only_when_it_can_be_read_back() {
        let name = ImageName::parse("docker.io/library/a/b").unwrap();
        assert_eq!(name.familiar(), "library/a/b");
    }

    /// Names by the grammar, with all its optional parts.
    fn names() -> impl Strategy<Value = String> {
        let domain = "((([a-zA-Z0-9]([a-zA-Z0-9-]{0,3}[a-zA-Z0-9])?\\.){1,2}[a-z]{2})|localhost|\\[[0-9a-f]{0,4}:[0-9a-f:]{1,9}\\])(:[0-9]{1,5})?/";
        // A dot in the first component would make an address of it.
        let path = "[a-z0-9]{1,4}((_|__|-{1,3})[a-z0-9]{1,3}){0,2}(/[a-z0-9]{1,5}(\\.[a-z]{1,2})?){0,3}";
        let tag = ":[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}";
        let digest = "@sha256:[0-9a-f]{64}";
        let name = format!("({domain})?{path}({tag})?({digest})?");
        proptest::string::string_regex(&name).unwrap()
    }

    proptest! {
        #[test]
        fn every_form_reads_back_as_the_same_name(text in names()) {
            let name = ImageName::parse(&text).unwrap();
            prop_assert_eq!(&ImageName::parse(&name.familiar()).unwrap(), &name);
            prop_assert_eq!(&ImageName::parse(&name.canonical()).unwrap(), &name);
            prop_assert!(name.canonical().ends_with(&name.familiar()));
        }

        #[test]
        fn whatever_is_read_can_be_shown_and_read_again(text in "[a-zA-Z0-9:/@.\\[\\]_ -]{0,24}") {
            if let Ok(name) = ImageName::parse(&text) {
                prop_assert_eq!(ImageName::parse(&name.to_string()).unwrap(), name);
            }
        }
    }
}
