//! What says nothing does not compile, nor what says something else than it is.

#[test]
fn rows_that_do_not_say_what_they_are_do_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/words/says_everything.rs");
    cases.compile_fail("tests/words/refused_*.rs");
}
