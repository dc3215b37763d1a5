/// Tests the calls that Lamplight does not have: each answers the same code,
/// and COMPAT.md lists it.
library;

import 'dart:io';

import 'package:lamplight/compat.dart';

import '../support/package.dart';
import '../support/runner.dart';

void main() {
  final manager = TencentImSDKPlugin.v2TIMManager;

  test('calls that are not there answer "not supported", and throw nothing',
      () async {
    // The answer has the type that a program expects of the call.
    final V2TimValueCallback<List<String>> groups =
        await manager.getConversationManager().getConversationGroupList();
    final V2TimCallback revoked =
        await manager.getMessageManager().revokeMessage(msgID: 'x');
    final V2TimValueCallback<List<V2TimFriendInfo>> found = await manager
        .getFriendshipManager()
        .searchFriends(searchParam: 'x');
    final V2TimValueCallback<List<String>> joined =
        await manager.getGroupManager().getJoinedGroupList();
    final V2TimCallback accepted = await manager
        .getSignalingManager()
        .accept(inviteID: 'x', data: 'y');
    for (final absent in <dynamic>[
      manager.v2TIMGroupManager,
      manager.v2TIMCommunityManager,
      manager.v2TIMSignalingManager,
      manager.v2timSignalingManager,
      manager.v2TIMOfflinePushManager,
    ]) {
      final V2TimCallback answer = await absent.anything(of: 1);
      equal(answer.code, CompatCode.notSupported);
    }
    // Newer versions of the plugin identify messages by the object, older ones
    // by its id.
    final message = V2TimMessage(elemType: 1);
    final messages = manager.getMessageManager();
    final V2TimCallback taken = await messages.revokeMessage(message: message);
    final V2TimCallback deleted =
        await messages.deleteMessages(msgList: [message]);
    final V2TimCallback quiet = await messages.setC2CReceiveMessageOpt(
      userIDList: ['bob'],
      opt: ReceiveMsgOptEnum.V2TIM_NOT_RECEIVE_MESSAGE,
    );
    for (final answer in [
      groups,
      revoked,
      found,
      joined,
      accepted,
      taken,
      deleted,
      quiet,
    ]) {
      equal(answer.code, CompatCode.notSupported);
      check(answer.desc.contains('COMPAT.md'), 'the text says where to look');
    }
    equal(groups.data, null);
    check(
      accepted.desc.contains('getSignalingManager().accept'),
      'the text names the call: ${accepted.desc}',
    );
  });

  test('the table lists what the code refuses, and nothing else', () {
    final package = packageFolder();
    final sources = Directory('${package.path}/lib/src/compat')
        .listSync()
        .whereType<File>()
        .map((file) => file.readAsStringSync())
        .join('\n');
    Set<String> all(String pattern, String text) => {
          for (final match in RegExp(pattern).allMatches(text)) match[1]!,
        };

    final table = File('${package.path}/COMPAT.md').readAsStringSync();
    final refused = all(r"absent\(\s*'(\w+)'", sources);
    final managers = all(r"AbsentManager\(\s*'(\w+)'", sources);
    final silent = all(
      r'/// Never called\.\s+\w+ (\w+);',
      sources,
    );
    check(refused.length > 80, 'the calls are found: ${refused.length}');
    check(silent.length > 20, 'the callbacks are found: ${silent.length}');
    String section(String title) {
      final begin = table.indexOf('## $title');
      check(begin >= 0, 'there is a section "$title"');
      final end = table.indexOf('\n## ', begin + 1);
      return table.substring(begin, end < 0 ? table.length : end);
    }

    equal(
      all(r'`(\w+)`', section('Calls that answer 7013')),
      {...refused, ...managers},
    );
    equal(all(r'`(\w+)`', section('Callbacks that are never called')), silent);
  });

  test('a field that the table says is not there is not, and others are', () {
    final package = packageFolder();
    final table = File('${package.path}/COMPAT.md').readAsStringSync();
    final source = File('${package.path}/lib/src/compat/message_types.dart')
        .readAsStringSync();
    final rows = RegExp(r'^\| (V2Tim[\w, ]+) \| (`.*`) \|$', multiLine: true)
        .allMatches(table)
        .where((row) => RegExp('^class ${row[1]!.split(',').first} ',
                multiLine: true)
            .hasMatch(source));
    equal(rows.length, 3, 'the rows of messages, conversations and texts');
    for (final row in rows) {
      for (final type in row[1]!.split(', ')) {
        final body = RegExp('^class $type .*?^}', multiLine: true, dotAll: true)
            .firstMatch(source)![0]!;
        for (final field in RegExp(r'`(\w+)`').allMatches(row[2]!)) {
          check(!body.contains(' ${field[1]};'), '$type has no ${field[1]}');
        }
      }
    }
  });
}
