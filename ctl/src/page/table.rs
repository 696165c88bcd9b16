//! Tables that stay readable when there is little room.
//!
//! A column that is empty in every row is not shown. When a table is too wide, long columns shrink to their least
//! width, then the columns that matter least go, and a wrapped column takes as many lines as it needs. Ours rather than
//! a crate's, because which column may be cut, wrapped or dropped is a decision about the meaning of each.

use super::ink::Ink;
use super::words::{cut, safe, width, wrap};

const GAP: usize = 2;
/// Columns after which a text that may be cut is still recognised.
const CUT_ENOUGH: usize = 14;

/// One column: its head and what may be done to it.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    head: &'static str,
    right: bool,
    /// May shrink to this many columns.
    least: Option<usize>,
    /// Shrinks by wrapping, not by cutting.
    wraps: bool,
    /// Goes when there is no room; the greatest first. 0: stays.
    goes: u8,
}

pub fn column(head: &'static str) -> Column {
    Column { head, right: false, least: None, wraps: false, goes: 0 }
}

impl Column {
    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }

    pub fn cut_to(mut self, least: usize) -> Self {
        self.least = Some(least);
        self
    }

    pub fn wrap_to(mut self, least: usize) -> Self {
        self.least = Some(least);
        self.wraps = true;
        self
    }

    pub fn goes(mut self, rank: u8) -> Self {
        self.goes = rank;
        self
    }
}

#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    ink: Ink,
    /// In a column that wraps: the rest is cut.
    lines_max: usize,
}

#[allow(clippy::needless_pass_by_value, reason = "numbers and texts are handed over alike")]
pub fn cell(text: impl ToString) -> Cell {
    Cell { text: safe(&text.to_string()), ink: Ink::Plain, lines_max: usize::MAX }
}

impl Cell {
    pub fn ink(mut self, ink: Ink) -> Self {
        self.ink = ink;
        self
    }

    pub fn lines(mut self, most: usize) -> Self {
        self.lines_max = most;
        self
    }
}

pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// One row, a cell for every column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<_> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for every column");
        self.rows.push(cells);
    }

    /// The table in at most `columns`, each line behind `indent` blanks.
    pub fn draw(&self, columns: usize, indent: usize) -> String {
        let layout = self.layout(columns.saturating_sub(indent));
        let mut out = String::new();
        let heads: Vec<Cell> = self.columns.iter().map(|column| cell(column.head).ink(Ink::Dim)).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            self.draw_row(row, &layout, indent, &mut out);
        }
        out
    }

    /// Which columns are shown, and how wide.
    fn layout(&self, room: usize) -> Vec<(usize, usize)> {
        let mut layout: Vec<(usize, usize)> = (0..self.columns.len())
            .filter(|&at| self.rows.iter().any(|row| !row[at].text.is_empty()))
            .map(|at| {
                let widest = self.rows.iter().map(|row| width(&row[at].text)).max().unwrap_or(0);
                (at, widest.max(width(self.columns[at].head)))
            })
            .collect();
        loop {
            let taken = layout.iter().map(|(_, wide)| wide + GAP).sum::<usize>().saturating_sub(GAP);
            let mut over = taken.saturating_sub(room);
            if over == 0 {
                return layout;
            }
            let slack: Vec<usize> =
                layout.iter().map(|&(at, wide)| wide.saturating_sub(self.least(at, wide))).collect();
            if slack.iter().sum::<usize>() >= over {
                // What is cut gives before what is wrapped, as long as enough of it is left; then the widest gives.
                while over > 0 {
                    let gives = |(_, (column, wide)): &(usize, &(usize, usize))| *wide > self.least(*column, *wide);
                    let gives_first = |(_, (column, wide)): &(usize, &(usize, usize))| {
                        !self.columns[*column].wraps && *wide > CUT_ENOUGH
                    };
                    let able = || layout.iter().enumerate().filter(gives);
                    let first = able().filter(gives_first).max_by_key(|(_, (_, wide))| *wide);
                    let (at, _) = first.or_else(|| able().max_by_key(|(_, (_, wide))| *wide)).expect("there is slack");
                    layout[at].1 -= 1;
                    over -= 1;
                }
                return layout;
            }
            let least = layout.iter().enumerate().max_by_key(|(_, (at, _))| self.columns[*at].goes);
            match least {
                Some((place, (at, _))) if self.columns[*at].goes > 0 => {
                    layout.remove(place);
                }
                _ => {
                    for (at, wide) in &mut layout {
                        *wide = self.least(*at, *wide);
                    }
                    return layout;
                }
            }
        }
    }

    fn least(&self, at: usize, wide: usize) -> usize {
        self.columns[at].least.unwrap_or(wide).max(width(self.columns[at].head)).min(wide)
    }

    fn draw_row(&self, row: &[Cell], layout: &[(usize, usize)], indent: usize, out: &mut String) {
        let cells: Vec<Vec<String>> = layout
            .iter()
            .map(|&(at, wide)| {
                let lines_max = row[at].lines_max;
                if !self.columns[at].wraps {
                    return vec![cut(&row[at].text, wide)];
                }
                let mut lines = wrap(&row[at].text, wide);
                if lines.len() > lines_max {
                    lines.truncate(lines_max);
                    let last = lines.pop().unwrap_or_default();
                    lines.push(cut(&format!("{last} …"), wide));
                }
                lines
            })
            .collect();
        for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let start = out.len();
            out.push_str(&" ".repeat(indent));
            for (place, &(at, wide)) in layout.iter().enumerate() {
                let text = cells[place].get(line).map_or("", String::as_str);
                let blanks = " ".repeat(wide.saturating_sub(width(text)));
                let painted = row[at].ink.paint(text);
                let gap = " ".repeat(if place == 0 { 0 } else { GAP });
                out.push_str(&gap);
                if self.columns[at].right {
                    out.push_str(&blanks);
                    out.push_str(&painted);
                } else {
                    out.push_str(&painted);
                    out.push_str(&blanks);
                }
            }
            let kept = out[start..].trim_end().len();
            out.truncate(start + kept);
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            column("JOB").right(),
            column("STEP"),
            column("NOTE"),
            column("AGE").right().goes(1),
            column("WHAT").wrap_to(12),
        ]);
        table.row([cell(7), cell("probe"), cell(""), cell("2 min"), cell("reading kettle-factory.mov")]);
        table.row([cell(4_711), cell("compile"), cell(""), cell("3 d"), cell("ok").ink(Ink::Good)]);
        table
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn an_empty_column_is_not_shown() {
        insta::assert_snapshot!(plain(&table().draw(80, 0)), @"
         JOB  STEP       AGE  WHAT
           7  probe    2 min  reading kettle-factory.mov
        4711  compile    3 d  ok
        ");
    }

    #[test]
    fn with_less_room_words_wrap_and_then_columns_go() {
        insta::assert_snapshot!(plain(&table().draw(38, 2)), @"
         JOB  STEP       AGE  WHAT
           7  probe    2 min  reading
                              kettle-
                              factory.mov
        4711  compile    3 d  ok
        ");
        insta::assert_snapshot!(plain(&table().draw(27, 0)), @"
         JOB  STEP     WHAT
           7  probe    reading
                       kettle-
                       factory.mov
        4711  compile  ok
        ");
    }
}
