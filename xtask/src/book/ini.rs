//! What the comments of an INI file say about its sections and options.
//!
//! The values are read by the library; this reads what the library has no use for. A block of comments right above an
//! option is about that option and about those that follow without a line between. One right above a header is about the section, as is one below it that a blank line
//! follows. Every other block stands for itself between the options.

/// A section as its file describes it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// What is said about the whole.
    pub(crate) about: String,
    pub(crate) options: Vec<Setting>,
}

/// An option with its default and what is said about it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) about: String,
    /// A block that stands above it by itself, such as a heading for several options.
    pub(crate) heading: String,
}

/// The sections of a file in their order.
pub(crate) fn sections(text: &str) -> Vec<Section> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.line(line);
    }
    reader.sections
}

#[derive(Default)]
struct Reader {
    sections: Vec<Section>,
    /// The block of comments just above.
    block: Vec<String>,
    /// A block that a blank line has ended.
    detached: String,
    in_value: bool,
    /// Whether an option stands right above.
    below_option: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        if text.is_empty() {
            self.below_option = false;
            self.end_block();
        } else if let Some(comment) = text.strip_prefix(['#', ';']) {
            if !line.starts_with([' ', '\t']) || !self.in_value {
                self.block.push(comment.strip_prefix(' ').unwrap_or(comment).to_owned());
            }
        } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name) {
            self.section(name);
        } else if self.in_value && line.starts_with([' ', '\t']) {
            self.continued(text);
        } else if let Some((name, value)) = text.split_once(['=', ':']) {
            self.option(name.trim(), value);
        }
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block).join("\n");
        if block.is_empty() {
            return;
        }
        match self.sections.last_mut() {
            Some(section) if section.options.is_empty() => push_paragraph(&mut section.about, &block),
            _ => push_paragraph(&mut self.detached, &block),
        }
    }

    fn section(&mut self, name: &str) {
        let mut about = std::mem::take(&mut self.detached);
        push_paragraph(&mut about, &std::mem::take(&mut self.block).join("\n"));
        self.sections.push(Section { name: name.to_owned(), about, options: Vec::new() });
        (self.in_value, self.below_option) = (false, false);
    }

    fn option(&mut self, name: &str, value: &str) {
        let mut about = std::mem::take(&mut self.block).join("\n");
        let heading = std::mem::take(&mut self.detached);
        let Some(section) = self.sections.last_mut() else { return };
        if let (true, true, Some(above)) = (about.is_empty(), self.below_option, section.options.last()) {
            about.clone_from(&above.about);
        }
        let value = without_comment(value).trim().to_owned();
        section.options.push(Setting { name: name.to_lowercase(), value, about, heading });
        (self.in_value, self.below_option) = (true, true);
    }

    fn continued(&mut self, text: &str) {
        self.block.clear();
        let last = self.sections.last_mut().and_then(|section| section.options.last_mut());
        if let Some(setting) = last {
            if !setting.value.is_empty() {
                setting.value.push(' ');
            }
            setting.value.push_str(without_comment(text).trim());
        }
    }
}

/// A semicolon after a blank begins a comment.
fn without_comment(value: &str) -> &str {
    match [" ;", "\t;"].iter().filter_map(|mark| value.find(mark)).min() {
        Some(end) => &value[..end],
        None => value,
    }
}

fn push_paragraph(text: &mut String, paragraph: &str) {
    if !paragraph.is_empty() {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(paragraph);
    }
}

#[cfg(test)]
mod tests {
    use super::{Section, Setting, sections};

    fn setting(name: &str, value: &str, about: &str, heading: &str) -> Setting {
        Setting { name: name.into(), value: value.into(), about: about.into(), heading: heading.into() }
    }

    #[test]
    fn a_comment_is_about_what_it_stands_above() {
        let text = "# Stops containers.\n# In time.\n[docker_cli/stop]\n\n# Needs an engine.\n\n# How long.\nDuration = 5 ; seconds\n\
                    \n# --- Names\n\n# The first.\nname = a,\n       b\nplain: x;y\n\nbare = 1\n\n# The deep end.\n[docker_cli/stop/deep]\n";
        let options = vec![
            setting("duration", "5", "How long.", ""),
            setting("name", "a, b", "The first.", "--- Names"),
            setting("plain", "x;y", "The first.", ""),
            setting("bare", "1", "", ""),
        ];
        let about = "Stops containers.\nIn time.\n\nNeeds an engine.".to_owned();
        let expected = [
            Section { name: "docker_cli/stop".into(), about, options },
            Section { name: "docker_cli/stop/deep".into(), about: "The deep end.".into(), options: Vec::new() },
        ];
        assert_eq!(sections(text), expected);
    }

    #[test]
    fn a_comment_between_the_lines_of_a_value_is_about_no_option() {
        let read = sections("[a]\n# One.\nx = 1,\n# not about y\n    2\ny = 3\n");
        assert_eq!(read[0].options, [setting("x", "1, 2", "One.", ""), setting("y", "3", "One.", "")]);
    }
}
