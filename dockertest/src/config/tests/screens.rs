//! What a person sees when configuration is wrong.

use super::{Layers, Source, file, load};

fn screen(text: &str) -> String {
    load(text).unwrap_err().render()
}

#[test]
fn a_line_that_is_no_option() {
    insta::assert_snapshot!(screen("[example]\n# comment\niterations 3\n"), @r"
        x.ini:3:1: `iterations 3` has no `=` and no value
          |
        3 | iterations 3
          | ^^^^^^^^^^^^
          = help: write `option = value`; indent the line if it continues the value above
        ");
}

#[test]
fn a_lone_per_cent_sign_behind_wide_characters_and_tabs() {
    insta::assert_snapshot!(screen("[example]\nkey =\tça\tva 5% mieux\n"), @r"
        x.ini:2:14: `%` must be followed by `%` or `(`
          |
        2 | key = ça va 5% mieux
          |              ^
          = help: write `%%` for a per cent sign
        ");
}

#[test]
fn an_unknown_option_that_is_near_another() {
    insta::assert_snapshot!(screen("[DEFAULTS]\ndocker_repo_tag = latest\n[s]\ny = x:%(docker_repo_tga)s\n"), @r"
        x.ini:4:7: neither `[s]` nor `[DEFAULTS]` has an option `docker_repo_tga`
          |
        4 | y = x:%(docker_repo_tga)s
          |       ^^^^^^^^^^^^^^^^^^^
          = help: did you mean `%(docker_repo_tag)s`?
        ");
}

#[test]
fn an_option_of_another_section() {
    insta::assert_snapshot!(screen("[s]\ny = %(zz)s\n[t]\nzz = 1\n"), @r"
        x.ini:2:5: neither `[s]` nor `[DEFAULTS]` has an option `zz`
          |
        2 | y = %(zz)s
          |     ^^^^^^
          = help: `[t]` has one, but values refer to their own section and `[DEFAULTS]` only
        ");
}

#[test]
fn a_loop() {
    insta::assert_snapshot!(screen("[s]\na = %(b)s\nb = x\n    %(c)s\nc = %(a)s\n"), @r"
        x.ini:5:5: the references lead back to where they began: a -> b -> c -> a
          |
        5 | c = %(a)s
          |     ^^^^^
        ");
}

#[test]
fn a_section_that_stands_twice() {
    insta::assert_snapshot!(screen("[s]\nx = 1\n\n[t]\n[s]\n"), @r"
        x.ini:5:2: section `[s]` stands in this file a second time
          |
        5 | [s]
          |  ^
          = x.ini:1: it starts here
          = help: put all its options under one header
        ");
}

#[test]
fn an_option_in_two_files() {
    let file = |name: &str| (name.to_owned(), "[s]\nx = 1\n".to_owned());
    let failure = Layers::new().custom(Source::Memory(vec![file("a.ini"), file("b.ini")])).load().unwrap_err();
    insta::assert_snapshot!(failure.render(), @r"
        b.ini:2:1: option `x` of section `[s]` is set in two files
          |
        2 | x = 1
          | ^
          = a.ini:2: it is also set here
          = help: remove one: the order of files means nothing
        ");
}

#[test]
fn arguments_that_are_not_understood() {
    let layers = Layers::new().set("docker_timeout").set("=5").set(".x=1").set("s.x=5%").set("[s].x=%(y)s");
    insta::assert_snapshot!(layers.load().unwrap_err().render(), @r"
        --set: `=` and a value are missing
         |
         | docker_timeout
         | ^^^^^^^^^^^^^^
         = help: write `--set OPTION=VALUE` or `--set SECTION.OPTION=VALUE`

        --set: the option's name is missing
         |
         | =5
         | ^
         = help: write `--set OPTION=VALUE` or `--set SECTION.OPTION=VALUE`

        --set: the section's name is missing
         |
         | .x=1
         | ^
         = help: write `--set OPTION=VALUE` or `--set SECTION.OPTION=VALUE`

        --set: `%` must be followed by `%` or `(`
         |
         | s.x=5%
         |      ^
         = help: write `%%` for a per cent sign

        --set: neither `[[s]]` nor `[DEFAULTS]` has an option `y`
         |
         | [s].x=%(y)s
         |       ^^^^^
        ");
}

#[test]
fn a_very_long_line_is_cut_around_the_place() {
    let text = format!("[s]\nkey = {} % {}\n", "before ".repeat(100), "after ".repeat(10_000));
    insta::assert_snapshot!(screen(&text), @r"
        x.ini:2:708: `%` must be followed by `%` or `(`
          |
        2 | …re before before before before before before before before  % after after after after after after after after after after after after after after after after after after after afte…
          |                                                              ^
          = help: write `%%` for a per cent sign
        ");
}

#[test]
fn nothing_that_a_terminal_would_obey_is_shown() {
    let shown = screen("[s]\nkey\u{1b}[31m\u{7}\n");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{7}'), "{shown:?}");
}

#[test]
fn several_problems_of_several_files() {
    let custom = file("custom.ini", "[s]\n  lost\nx = %(y)\n");
    let failure = Layers::new().defaults(file("shipped.ini", "[s\n")).custom(custom).load().unwrap_err();
    insta::assert_snapshot!(failure.render(), @r"
        shipped.ini:1:1: the section header has no `]`
          |
        1 | [s
          | ^^
          = help: write `[section name]`

        custom.ini:2:3: the line is indented, but there is no option that it could continue
          |
        2 |   lost
          |   ^^^^
          = help: start an option at the beginning of its line; indented lines continue the value above them

        custom.ini:3:5: the reference does not end in `)s`
          |
        3 | x = %(y)
          |     ^^^^
          = help: write `%(option)s`
        ");
    assert_eq!(failure.to_string().lines().count(), failure.problems.len());
}
