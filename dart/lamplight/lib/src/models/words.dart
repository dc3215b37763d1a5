/// The texts of the lists, in each of their languages.
library;

/// The texts of one language.
final class ListWords {
  const ListWords._({
    required this.language,
    required this.conversations,
    required this.contacts,
    required this.loading,
    required this.noConversations,
    required this.noContacts,
    required this.failed,
    required this.retry,
    required this.online,
    required this.offline,
    required this.unlogined,
    required this.cut,
    required this.cutHint,
    required this.connecting,
    required this.switchedOff,
    required this.notInEdition,
    required this.draft,
    required this.customMessage,
    required this.pin,
    required this.unpin,
    required this.pinned,
    required this.markRead,
    required this.remove,
    required String lastKnown,
    required String unread,
    required this.times,
  })  : _lastKnown = lastKnown,
        _unread = unread;

  /// Returns the texts for a language tag such as `zh-CN`. For any language but
  /// Chinese, returns the English texts.
  factory ListWords.of(String language) =>
      RegExp(r'^zh\b', caseSensitive: false).hasMatch(language)
          ? chinese
          : english;

  /// `en` or `zh`.
  final String language;

  /// The title of a conversation list.
  final String conversations;

  /// The title of a contact list.
  final String contacts;

  /// The text of a list that is being read.
  final String loading;

  /// The text of an empty conversation list.
  final String noConversations;

  /// The text of an empty contact list.
  final String noContacts;

  /// The text of a list that could not be read.
  final String failed;

  /// The label of the button that reads a list again, or connects now.
  final String retry;

  /// The name of the status ONLINE.
  final String online;

  /// The name of the status OFFLINE.
  final String offline;

  /// The name of the status UNLOGINED.
  final String unlogined;

  /// The notice for a lost connection.
  final String cut;

  /// The sentence that is shown after [cut].
  final String cutHint;

  /// The text that is shown while the client connects.
  final String connecting;

  /// The notice when the app has switched statuses off (72001).
  final String switchedOff;

  /// The notice when the app's edition has no statuses (7013).
  final String notInEdition;

  /// The label before a draft.
  final String draft;

  /// The text for a message whose custom content has no description.
  final String customMessage;

  /// The label of the action that pins a conversation to the top.
  final String pin;

  /// The label of the action that unpins a conversation.
  final String unpin;

  /// The label of a pinned conversation.
  final String pinned;

  /// The label of the action that marks a conversation as read.
  final String markRead;

  /// The label of the action that deletes a conversation.
  final String remove;

  /// The texts of times and days.
  final TimeWords times;

  final String _lastKnown;
  final String _unread;

  /// The label of a status that was received before the connection was lost.
  String lastKnown(String status) => _lastKnown.replaceFirst('{}', status);

  /// The label of a badge with the number of unread messages.
  String unread(int count) => _unread.replaceFirst('{}', '$count');

  /// English.
  static const english = ListWords._(
    language: 'en',
    conversations: 'Chats',
    contacts: 'Contacts',
    loading: 'Loading',
    noConversations: 'No chats yet',
    noContacts: 'No contacts yet',
    failed: 'This could not be loaded',
    retry: 'Try again',
    online: 'Online',
    offline: 'Offline',
    unlogined: 'Not logged in',
    lastKnown: 'Last known: {}',
    cut: 'No connection.',
    cutHint: 'What you see may be out of date.',
    connecting: 'Connecting…',
    switchedOff: 'Online status is switched off in this app.',
    notInEdition: 'This app does not include online status.',
    draft: '[Draft]',
    customMessage: '[Custom message]',
    pin: 'Pin to top',
    unpin: 'Unpin',
    pinned: 'Pinned',
    markRead: 'Mark as read',
    remove: 'Delete',
    unread: '{} unread',
    times: TimeWords._english,
  );

  /// Chinese, in simplified characters.
  static const chinese = ListWords._(
    language: 'zh',
    conversations: '会话',
    contacts: '联系人',
    loading: '加载中',
    noConversations: '暂无会话',
    noContacts: '暂无联系人',
    failed: '加载失败',
    retry: '重试',
    online: '在线',
    offline: '离线',
    unlogined: '未登录',
    lastKnown: '断线前：{}',
    cut: '连接已断开。',
    cutHint: '显示的内容可能不是最新的。',
    connecting: '正在连接…',
    switchedOff: '此应用已关闭在线状态。',
    notInEdition: '此应用的套餐不支持在线状态。',
    draft: '[草稿]',
    customMessage: '[自定义消息]',
    pin: '置顶',
    unpin: '取消置顶',
    pinned: '已置顶',
    markRead: '标为已读',
    remove: '删除',
    unread: '{} 条未读',
    times: TimeWords._chinese,
  );
}

/// The texts of times and days, and the order of their parts.
final class TimeWords {
  const TimeWords._({
    required this.now,
    required this.minute,
    required this.minutes,
    required this.days,
    required this.weekdays,
    required this.longWeekdays,
    required this.months,
    required this.longMonths,
    required this.date,
    required this.dateOfYear,
    required this.day,
    required this.dayOfYear,
    required this.forSeconds,
    required this.forMinutes,
    required this.until,
  });

  /// The text for a time less than a minute ago.
  final String now;

  /// The text for one minute ago.
  final String minute;

  /// The text for several minutes ago; `{}` stands for their number.
  final String minutes;

  /// The texts for today, yesterday and the day before yesterday.
  final List<String> days;

  /// The days of the week from Monday, in their short form for lists.
  final List<String> weekdays;

  /// The days of the week from Monday, in full.
  final List<String> longWeekdays;

  /// The months from January, in their short form for lists.
  final List<String> months;

  /// The months from January, in full.
  final List<String> longMonths;

  /// The pattern for a date of this year in a list: `{m}`, `{d}`.
  final String date;

  /// The pattern for a date of another year in a list: `{m}`, `{d}`, `{y}`.
  final String dateOfYear;

  /// The pattern for a day of this year between messages: `{w}`, `{m}`, `{d}`.
  final String day;

  /// The pattern for a day of another year between messages: `{w}`, `{m}`,
  /// `{d}`, `{y}`.
  final String dayOfYear;

  /// The text for the seconds until the end of a custom status; `{}` stands for
  /// their number.
  final String forSeconds;

  /// The text for the minutes until the end of a custom status; `{}` stands for
  /// their number.
  final String forMinutes;

  /// The text for the time at which a custom status ends; `{}` stands for that
  /// time.
  final String until;

  static const _english = TimeWords._(
    now: 'now',
    minute: '1 minute ago',
    minutes: '{} minutes ago',
    days: ['today', 'yesterday', '2 days ago'],
    weekdays: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
    longWeekdays: [
      'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', //
      'Sunday',
    ],
    months: [
      'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', //
      'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec',
    ],
    longMonths: [
      'January', 'February', 'March', 'April', 'May', 'June', //
      'July', 'August', 'September', 'October', 'November', 'December',
    ],
    date: '{m} {d}',
    dateOfYear: '{m} {d}, {y}',
    day: '{w}, {m} {d}',
    dayOfYear: '{w}, {m} {d}, {y}',
    forSeconds: 'for {} s',
    forMinutes: 'for {} min',
    until: 'until {}',
  );

  static const _chinese = TimeWords._(
    now: '现在',
    minute: '1分钟前',
    minutes: '{}分钟前',
    days: ['今天', '昨天', '前天'],
    weekdays: ['周一', '周二', '周三', '周四', '周五', '周六', '周日'],
    longWeekdays: ['星期一', '星期二', '星期三', '星期四', '星期五', '星期六', '星期日'],
    months: _chineseMonths,
    longMonths: _chineseMonths,
    date: '{m}{d}日',
    dateOfYear: '{y}年{m}{d}日',
    day: '{m}{d}日{w}',
    dayOfYear: '{y}年{m}{d}日{w}',
    forSeconds: '还剩 {} 秒',
    forMinutes: '还剩 {} 分钟',
    until: '至 {}',
  );

  static const _chineseMonths = [
    '1月', '2月', '3月', '4月', '5月', '6月', //
    '7月', '8月', '9月', '10月', '11月', '12月',
  ];
}
