/// Formats a time in a list, and a day between messages.
///
/// All parts of Lamplight have the same rules: hours from 00 to 23, months by
/// name, and the year only if it is not the current one. The functions use the
/// time zone of their arguments. Pass local times, all of the same zone.
library;

import 'words.dart';

/// Formats a time for a list, by its age:
///
/// - within a minute: "now"
/// - within an hour: the number of minutes
/// - on the same day: the time of day
/// - on the two days before: "yesterday" and "2 days ago"
/// - within a week: the weekday
/// - in the same year: the month and the day
/// - otherwise: the full date
String listTime(DateTime at, DateTime now, TimeWords words) {
  final ago = now.difference(at);
  if (ago < const Duration(minutes: 1)) {
    return words.now;
  }
  if (ago < const Duration(hours: 1)) {
    final minutes = ago.inMinutes;
    return minutes == 1
        ? words.minute
        : words.minutes.replaceFirst('{}', '$minutes');
  }
  final days = _daysBetween(at, now);
  if (days <= 0) {
    return clockText(at);
  }
  if (days <= 2) {
    return words.days[days];
  }
  if (days < 7) {
    return words.weekdays[at.weekday - 1];
  }
  final pattern = at.year == now.year ? words.date : words.dateOfYear;
  return _fill(pattern, at, words.months, words.weekdays);
}

/// Formats the day of a message, for a separator between days.
String dayText(DateTime at, DateTime now, TimeWords words) {
  final days = _daysBetween(at, now);
  if (days == 0 || days == 1) {
    return words.days[days];
  }
  final pattern = at.year == now.year ? words.day : words.dayOfYear;
  return _fill(pattern, at, words.longMonths, words.longWeekdays);
}

/// Formats the time until the [end] of a custom status. Within a minute, the
/// text has the seconds; within an hour, the minutes. Otherwise, it has the
/// time of day, with the day if that is not today.
///
/// Returns an empty text if [end] has passed. The server then clears the custom
/// status at any moment.
String remainingText(DateTime end, DateTime now, TimeWords words) {
  final left = end.difference(now);
  if (left <= Duration.zero) {
    return '';
  }
  // The number of units is rounded up, so that the text is never "for 0 s".
  if (left <= const Duration(minutes: 1)) {
    return words.forSeconds.replaceFirst('{}', '${_ceil(left, 1000)}');
  }
  if (left <= const Duration(hours: 1)) {
    return words.forMinutes.replaceFirst('{}', '${_ceil(left, 60000)}');
  }
  final days = _daysBetween(now, end);
  final pattern = end.year == now.year ? words.date : words.dateOfYear;
  final day = days == 0
      ? ''
      : left < const Duration(days: 6)
          ? '${words.weekdays[end.weekday - 1]} '
          : '${_fill(pattern, end, words.months, words.weekdays)} ';
  return words.until.replaceFirst('{}', '$day${clockText(end)}');
}

int _ceil(Duration left, int milliseconds) =>
    (left.inMicroseconds / (milliseconds * 1000)).ceil();

/// Formats the time of day of a message.
String clockText(DateTime at) => '${_two(at.hour)}:${_two(at.minute)}';

/// The number of calendar days from [at] to [now].
int _daysBetween(DateTime at, DateTime now) => _day(now) - _day(at);

/// The number of calendar days from the epoch to [at].
int _day(DateTime at) =>
    DateTime.utc(at.year, at.month, at.day).millisecondsSinceEpoch ~/
    Duration.millisecondsPerDay;

String _fill(
  String pattern,
  DateTime at,
  List<String> months,
  List<String> weekdays,
) =>
    pattern
        .replaceFirst('{y}', '${at.year}')
        .replaceFirst('{m}', months[at.month - 1])
        .replaceFirst('{d}', '${at.day}')
        .replaceFirst('{w}', weekdays[at.weekday - 1]);

String _two(int number) => number.toString().padLeft(2, '0');
