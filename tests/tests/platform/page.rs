//! A page of words with commands in it: the commands are read out of the page, so that the page cannot say anything else.

/// The blocks of a page that are marked with a language, in their order: what stands between the fences.
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    let (mut found, mut open): (Vec<String>, Option<String>) = (Vec::new(), None);
    for line in page.lines() {
        match &mut open {
            Some(_) if line.starts_with("```") => found.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line.strip_prefix("```") == Some(language) => open = Some(String::new()),
            None => {}
        }
    }
    found
}
