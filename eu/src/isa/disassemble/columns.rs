//! Padding as the assembler's formatter does it: columns have a width, what is too long for one
//! is taken off the padding of those behind it, and numbers don't count.

/// A line in the making.
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
    /// Width of the column that is open.
    width: usize,
    /// Characters in it that count.
    used: usize,
    /// Characters by which columns were too long.
    debt: usize,
}

impl Line {
    /// Adds text.
    pub(super) fn put(&mut self, text: &str) {
        self.text += text;
        self.used += text.len();
    }

    /// Adds text that doesn't count.
    pub(super) fn put_free(&mut self, text: &str) {
        self.text += text;
    }

    /// Adds spaces.
    pub(super) fn spaces(&mut self, count: usize) {
        self.put(&" ".repeat(count));
    }

    /// Begins a column.
    pub(super) fn start(&mut self, width: usize) {
        self.width = width;
        self.used = 0;
    }

    /// Ends it.
    pub(super) fn finish(&mut self) {
        if self.used <= self.width {
            let padding = self.width - self.used;
            let paid = padding.min(self.debt);
            self.debt -= paid;
            self.spaces(padding - paid);
        } else {
            self.debt += self.used - self.width;
        }
    }

    /// The line.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}
