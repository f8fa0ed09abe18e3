# What texts that people read may hold: other characters come back changed, or are not seen.

locals {
  # Neither control and format characters nor separators of lines and paragraphs, but for the two format characters that
  # join or part letters: they belong to words and to emoji.
  _printed = "[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]|[\\x{200C}\\x{200D}]"

  # One line with something in it that shows.
  one_line_pattern   = "^(?:${local._printed})*[^\\p{Cc}\\p{Cf}\\p{Z}](?:${local._printed})*$"
  paragraphs_pattern = "^(?:${local._printed}|[\\t\\n\\r])*$"

  one_line_rule   = "in one line, with no space around it and no control, format or line-separating character"
  paragraphs_rule = "must have no control or format characters but tabs and ends of lines"
}
