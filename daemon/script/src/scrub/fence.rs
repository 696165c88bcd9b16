//! Which lines of prose are text, and which are code or a table.

/// Carries over from line to line, and from one stretch of prose to the next.
#[derive(Debug, Clone, Default)]
pub struct Fence {
    /// The character and the length of the fence that is open.
    open: Option<(char, usize)>,
    /// The line before was blank, or code that is indented.
    after_blank: bool,
}

impl Fence {
    /// Whether this line, which follows the one asked about before, is text that may be cleaned.
    pub fn is_text(&mut self, line: &str) -> bool {
        let body = line.trim_end();
        let content = body.trim_start_matches([' ', '\t']);
        let indented = body.starts_with("    ") || body.starts_with('\t');
        let is_code = indented && self.after_blank && !content.is_empty();
        self.after_blank = content.is_empty() || is_code;
        if let Some((mark, length)) = self.open {
            let closes = content.chars().all(|c| c == mark) && content.chars().count() >= length;
            if closes && !content.is_empty() {
                self.open = None;
            }
            return false;
        }
        let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'));
        if let Some(mark) = mark.filter(|_| !indented) {
            let length = content.chars().take_while(|c| *c == mark).count();
            // A backtick in the info string makes it a code span.
            if length >= 3 && !(mark == '`' && content[length..].contains('`')) {
                self.open = Some((mark, length));
                return false;
            }
        }
        !is_code && !content.starts_with('|')
    }
}
