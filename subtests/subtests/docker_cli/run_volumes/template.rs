//! Options that hold words of a command line with keys in them.

use std::collections::BTreeMap;

use dockertest::prelude::*;
use dockertest::verdict::Verdict;

/// What stands for the keys.
#[derive(Debug, Default, Clone)]
pub(super) struct Keys(BTreeMap<&'static str, String>);

impl Keys {
    pub(super) fn new<const N: usize>(keys: [(&'static str, &str); N]) -> Keys {
        Keys(keys.map(|(key, value)| (key, value.to_owned())).into())
    }

    /// Splits a text as a shell would do it, and replaces the keys in each word.
    pub(super) fn words(&self, option: &str, text: &str) -> Outcome<Vec<String>> {
        let words = shlex::split(text).ok_or_else(|| {
            Failure::new(Verdict::Error, format!("the option `{option}` has an open quote: `{text}`"))
        })?;
        Ok(words.into_iter().map(|word| self.replaced(word)).collect())
    }

    fn replaced(&self, word: String) -> String {
        self.0.iter().fold(word, |word, (key, value)| {
            word.replace(&format!("%({key})s"), value).replace(&format!("${{{key}}}"), value)
        })
    }
}

/// The words of a `docker run`: options of ours that the given ones do not have, the given ones, image and command.
pub(super) fn run(ctx: &Context, name: &str, options: Vec<String>, command: Vec<String>) -> Outcome<Vec<String>> {
    let has = |start: &str| options.iter().any(|option| option.starts_with(start));
    let mut words = vec!["run".to_owned()];
    if !has("--name") {
        words.push(format!("--name={name}"));
    }
    if !has("--net") {
        words.push("--network=none".to_owned());
    }
    words.extend(ctx.labels());
    words.extend(options);
    words.push(ctx.image()?);
    words.extend(command);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_replaced_in_words() {
        let keys = Keys::new([("a", "x y"), ("b", "'")]);
        let words = keys.words("o", r#"--v="%(a)s:${b}" 'cd "%(a)s" && $HOME %(c)s'"#).unwrap();
        assert_eq!(words, ["--v=x y:'", "cd \"x y\" && $HOME %(c)s"]);
        let failure = keys.words("o", "'open").unwrap_err();
        assert_eq!(failure.reason(), "the option `o` has an open quote: `'open`");
    }
}
