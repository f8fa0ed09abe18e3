# The schedule expressions that EventBridge Scheduler takes, as patterns: it refuses another one in the middle of an apply.
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

locals {
  _cron_minute  = "[0-5]?[0-9]"
  _cron_hour    = "(?:[01]?[0-9]|2[0-3])"
  _cron_day     = "(?:0?[1-9]|[12][0-9]|3[01])"
  _cron_month   = "(?:0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
  _cron_weekday = "(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
  _cron_year    = "(?:19[7-9][0-9]|2(?:0[0-9][0-9]|1[0-9][0-9]))"
  _cron_step    = "0*[1-9][0-9]*"

  # A list of values, ranges, and steps from a value or through a range.
  _cron_list = {
    for name, value in {
      day    = local._cron_day
      hour   = local._cron_hour
      minute = local._cron_minute
      month  = local._cron_month
      year   = local._cron_year
    } : name => format("%[1]s(?:,%[1]s)*", "(?:\\*|${value}(?:-${value})?)(?:/${local._cron_step})?")
  }
  # Days of the week take no steps; L and # stand alone.
  _cron_weekdays = format("%[1]s(?:,%[1]s)*", "(?:\\*|${local._cron_weekday}(?:-${local._cron_weekday})?)")

  _cron_times = "(?:${local._cron_list.minute}) (?:${local._cron_list.hour})"
  # Of the two day fields one says which days, and the other is a question mark.
  _cron_by_day     = "(?:${local._cron_list.day}|LW?|${local._cron_day}W) (?:${local._cron_list.month}) \\?"
  _cron_by_weekday = "\\? (?:${local._cron_list.month}) (?:${local._cron_weekdays}|L|${local._cron_weekday}L|${local._cron_weekday}#[1-5])"

  schedule_patterns = {
    at   = "^at\\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\)$"
    cron = "^cron\\((?i:${local._cron_times} (?:${local._cron_by_day}|${local._cron_by_weekday}) (?:${local._cron_list.year}))\\)$"
    rate = "^rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9][0-9]+) (?:minutes|hours|days))\\)$"
  }
  # Names of the IANA time zone database, generated from PyPI tzdata; a test compares them.
  time_zones = toset(split("\n", trimspace(file("${path.module}/modules/workflow/time_zones.txt"))))
}
