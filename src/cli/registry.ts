import type { CommandClass } from 'clipanion'
import type { DwContext } from './context.ts'

/** A command's class, with what its help needs. */
export type DwCommandClass = CommandClass<DwContext> & { readonly forms: readonly string[] }

/** A command's words and where its class is; a class is loaded only when it is asked for. */
export interface Registration {
  readonly path: readonly string[]
  readonly load: () => Promise<DwCommandClass>
}

/** Every command, in the order in which help lists them. */
export const REGISTRY: readonly Registration[] = [
  { path: ['claim'], load: async () => (await import('../commands/claim.ts')).ClaimCommand },
  { path: ['release'], load: async () => (await import('../commands/release.ts')).ReleaseCommand },
  { path: ['run'], load: async () => (await import('../commands/run.ts')).RunCommand },
  { path: ['check'], load: async () => (await import('../commands/check.ts')).CheckCommand },
  { path: ['locks'], load: async () => (await import('../commands/locks.ts')).LocksCommand },
  { path: ['status'], load: async () => (await import('../commands/status.ts')).StatusCommand },
  { path: ['sessions'], load: async () => (await import('../commands/sessions.ts')).SessionsCommand },
  { path: ['log'], load: async () => (await import('../commands/log.ts')).LogCommand },
  { path: ['init'], load: async () => (await import('../commands/init.ts')).InitCommand },
  { path: ['new'], load: async () => (await import('../commands/new.ts')).NewCommand },
  { path: ['resume'], load: async () => (await import('../commands/resume.ts')).ResumeCommand },
  { path: ['heartbeat'], load: async () => (await import('../commands/heartbeat.ts')).HeartbeatCommand },
  {
    path: ['record-result'],
    load: async () => (await import('../commands/record-result.ts')).RecordResultCommand,
  },
  { path: ['end'], load: async () => (await import('../commands/end.ts')).EndCommand },
  {
    path: ['worktree', 'list'],
    load: async () => (await import('../commands/worktree/list.ts')).WorktreeListCommand,
  },
  {
    path: ['worktree', 'create'],
    load: async () => (await import('../commands/worktree/create.ts')).WorktreeCreateCommand,
  },
  {
    path: ['worktree', 'remove'],
    load: async () => (await import('../commands/worktree/remove.ts')).WorktreeRemoveCommand,
  },
  {
    path: ['rescue', 'list'],
    load: async () => (await import('../commands/rescue/list.ts')).RescueListCommand,
  },
  {
    path: ['rescue', 'restore'],
    load: async () => (await import('../commands/rescue/restore.ts')).RescueRestoreCommand,
  },
  {
    path: ['rescue', 'drop'],
    load: async () => (await import('../commands/rescue/drop.ts')).RescueDropCommand,
  },
  {
    path: ['project', 'add'],
    load: async () => (await import('../commands/project/add.ts')).ProjectAddCommand,
  },
  {
    path: ['project', 'list'],
    load: async () => (await import('../commands/project/list.ts')).ProjectListCommand,
  },
  {
    path: ['project', 'rename'],
    load: async () => (await import('../commands/project/rename.ts')).ProjectRenameCommand,
  },
  {
    path: ['project', 'remove'],
    load: async () => (await import('../commands/project/remove.ts')).ProjectRemoveCommand,
  },
  { path: ['share'], load: async () => (await import('../commands/share.ts')).ShareCommand },
  { path: ['sync'], load: async () => (await import('../commands/sync.ts')).SyncCommand },
  { path: ['push'], load: async () => (await import('../commands/push.ts')).PushCommand },
  {
    path: ['hooks', 'install'],
    load: async () => (await import('../commands/hooks/install.ts')).HooksInstallCommand,
  },
  {
    path: ['hooks', 'uninstall'],
    load: async () => (await import('../commands/hooks/uninstall.ts')).HooksUninstallCommand,
  },
  {
    path: ['hooks', 'status'],
    load: async () => (await import('../commands/hooks/status.ts')).HooksStatusCommand,
  },
  { path: ['cleanup'], load: async () => (await import('../commands/cleanup.ts')).CleanupCommand },
  { path: ['doctor'], load: async () => (await import('../commands/doctor.ts')).DoctorCommand },
  { path: ['agents'], load: async () => (await import('../commands/agents.ts')).AgentsCommand },
  { path: ['completion'], load: async () => (await import('../commands/completion.ts')).CompletionCommand },
  { path: ['migrate'], load: async () => (await import('../commands/migrate.ts')).MigrateCommand },
  { path: ['demo'], load: async () => (await import('../commands/demo.ts')).DemoCommand },
]

/** What the hooks start; no help lists them (docs/hooks.md does). */
export const HOOK_REGISTRY: readonly Registration[] = [
  {
    path: ['hook', 'pre-push'],
    load: async () => (await import('../commands/hook/pre-push.ts')).HookPrePushCommand,
  },
  {
    path: ['hook', 'pre-commit'],
    load: async () => (await import('../commands/hook/pre-commit.ts')).HookPreCommitCommand,
  },
  { path: ['hook', 'after'], load: async () => (await import('../commands/hook/after.ts')).HookAfterCommand },
  { path: ['hook', 'beat'], load: async () => (await import('../commands/hook/beat.ts')).HookBeatCommand },
]
