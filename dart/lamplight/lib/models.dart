/// The lists of a chat application without widgets. The rows of conversations
/// and contacts are sorted, and have names, unread counts, initials, dots and
/// custom statuses. The models also make the needed status queries and
/// subscriptions.
///
/// ```dart
/// final kit = ListKit(client);
/// final conversations = ConversationListModel(kit);
/// conversations.addListener(() {
///   for (final row in conversations.rows) {
///     print('${row.name} ${row.status?.label} ${row.badge}');
///   }
/// });
/// ```
library;

export 'src/models/kit.dart';
export 'src/models/list_models.dart';
export 'src/models/lists_sync.dart' hide ConversationCopy, FriendCopy;
export 'src/models/names.dart';
export 'src/models/pinyin.dart' show Pinyin, indexLetters, pinyinOf;
export 'src/models/rows.dart'
    show
        ContactRow,
        ConversationRow,
        Dot,
        FriendRow,
        LetterRow,
        RowStatus,
        largestBadge;
export 'src/models/times.dart';
export 'src/models/watcher.dart'
    show Net, StatusWatcher, SubscriptionMemory;
export 'src/models/words.dart';
